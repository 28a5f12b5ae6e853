import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { JoinAnswer, QrCode } from '../../../port/answers/join-answer.ts';
import { askJson } from '../ask-json.ts';
import { copyText } from '../panel/copy-text.ts';
import { keepFocus } from '../panel/keep-focus.ts';
import type { Panel } from '../panel/panel.ts';
import { whenSeen } from '../panel/when-seen.ts';
import type { Ui } from '../ui.ts';
import { capitalize, sentenceOf } from './disturb-state.ts';
import {
  bestDashboard,
  hideToken,
  holdsToken,
  isForOthers,
  type JoinState,
  joinCommands,
  joinTitle,
  whatIsMissing,
  whyNobodyJoins,
} from './join-state.ts';
import { qrPath } from './qr-path.ts';

/** How more workers and people come in. */
export const join: Panel = {
  id: 'join',
  isOnlyLive: true,
  name: 'Join',
  title: (view, ui) => joinTitle(view, ui.choices.join),
  body(view, ui) {
    if (whyNobodyJoins(view))
      return html`<p>While a run trains, workers join with one command, and people by a code.</p>`;
    const { answer, askedOf } = ui.choices.join;
    const source = view.cursor?.source ?? '';
    const ask = () => void askHow(ui, source);
    return html`<div
      class="join"
      tabindex="-1"
      role="group"
      aria-label="Join"
      ${keepFocus()}
      ${whenSeen(askedOf === source ? undefined : ask)}
    >
      ${typeof answer === 'string' ? html`<p>${sentenceOf(answer)}</p>` : nothing}
      ${typeof answer === 'object' ? waysIn(answer, ui) : nothing}
      <div class="orders">
        ${typeof answer === 'object' && holdsToken(answer) ? tokenButton(ui) : nothing}
        <button @click=${ask}>Ask again</button>
      </div>
      <p role="status" class="kind">${ui.choices.join.copied?.result ?? ''}</p>
    </div>`;
  },
};

const changeJoin = (ui: Ui, part: Partial<JoinState>): void =>
  ui.change({ join: { ...ui.choices.join, ...part } });

async function askHow(ui: Ui, source: string): Promise<void> {
  changeJoin(ui, { askedOf: source, copied: undefined });
  const answer = await askJson<JoinAnswer>(ui.ask, 'api/join').catch(reasonOf);
  if (ui.choices.join.askedOf === source) changeJoin(ui, { answer });
}

function waysIn(answer: JoinAnswer, ui: Ui): TemplateResult {
  const missing = whatIsMissing(answer);
  return html`${isForOthers(answer) ? forPeople(answer, ui) : onlyHere(answer, ui)}
    <dl>
      ${joinCommands(answer).map(
        ({ where, command }) => html`<dt>${capitalize(where)}</dt>
          <dd>${copyable(command, `the command to join ${where}`, ui)}</dd>`,
      )}
    </dl>
    ${missing ? html`<p class="kind">${missing}</p>` : nothing}`;
}

function onlyHere(answer: JoinAnswer, ui: Ui): TemplateResult {
  return html`<p>
      Only this machine reaches the coordinator. Start the run with
      <code>--host 0.0.0.0</code>, and others can join too.
    </p>
    <div class="address">${copyable(bestDashboard(answer), 'the address of this page', ui)}</div>`;
}

function forPeople(answer: JoinAnswer, ui: Ui): TemplateResult {
  const { token, qr } = answer;
  const isHidden = token !== undefined && !ui.choices.join.isTokenShown;
  return html`<div class="people">
    ${
      isHidden
        ? html`<button class="qr" @click=${() => changeJoin(ui, { isTokenShown: true })}>
            Show the code, which holds your token
          </button>`
        : qrCode(qr, bestDashboard(answer))
    }
    <div>
      <p>This page, for others</p>
      <div class="address">${copyable(bestDashboard(answer), 'the address of this page', ui)}</div>
      ${
        token === undefined
          ? nothing
          : html`<p class="kind">Whoever reads your token may stop and disturb the run.</p>`
      }
    </div>
  </div>`;
}

/** A QR code, dark on white in any theme, with four white modules around it. */
function qrCode({ size, modules }: QrCode, address: string): TemplateResult {
  const side = size + 8;
  return html`<svg
    class="qr"
    role="img"
    aria-label="QR code of ${address}"
    viewBox="-4 -4 ${side} ${side}"
    shape-rendering="crispEdges"
  >
    ${svg`<rect x="-4" y="-4" width=${side} height=${side} fill="#fff" />
    <path d=${qrPath(modules)} fill="#000" />`}
  </svg>`;
}

function tokenButton(ui: Ui): TemplateResult {
  const { isTokenShown } = ui.choices.join;
  const toggle = () => changeJoin(ui, { isTokenShown: !isTokenShown });
  return html`<button @click=${toggle}>${isTokenShown ? 'Hide' : 'Show'} the token</button>`;
}

/** A text and a button that copies it, with its token. */
function copyable(text: string, name: string, ui: Ui): TemplateResult {
  const { isTokenShown, copied } = ui.choices.join;
  const copy = async () => {
    const result = await copyText(text).then(
      () => `${capitalize(name)} is copied.`,
      (error: unknown) => `Nothing is copied: ${reasonOf(error)}.`,
    );
    changeJoin(ui, { copied: { text, result } });
  };
  return html`<code class="command">${isTokenShown ? text : hideToken(text)}</code>
    <button @click=${copy} aria-label="Copy ${name}">
      ${copied?.text === text ? 'Copied' : 'Copy'}
    </button>`;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
