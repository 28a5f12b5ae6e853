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
  hideToken,
  holdsToken,
  isForOthers,
  type JoinState,
  joinCommands,
  joinTitle,
  linkText,
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
  return html`${link(answer, 'page', 'isTokenShown', ui)} ${link(answer, 'tab', 'isLinkShown', ui)}
    <dl>
      ${joinCommands(answer).map(
        ({ where, command }) => html`<dt>${capitalize(where)}</dt>
          <dd>${copyable(command, `the command to join ${where}`, ui)}</dd>`,
      )}
    </dl>
    ${missing ? html`<p class="kind">${missing}</p>` : nothing}`;
}

/** A link for others. Its code is hidden while it holds a token that nobody has asked for. */
function link(
  answer: JoinAnswer,
  name: 'page' | 'tab',
  shownBy: 'isTokenShown' | 'isLinkShown',
  ui: Ui,
): TemplateResult {
  const { title, address, qr, about } = answer[name];
  const what = name === 'tab' ? 'the link for browsers' : 'the address of this page';
  const isHidden = qr.url !== address && !ui.choices.join[shownBy];
  const code = isHidden
    ? html`<button class="qr" @click=${() => changeJoin(ui, { [shownBy]: true })}>
        Show the code, which holds a token
      </button>`
    : qrCode(qr, address);
  return html`<div class="people">
    ${isForOthers(answer) ? code : nothing}
    <div>
      <p>${title}</p>
      <div class="address">${copyable(linkText(answer, name), what, ui)}</div>
      <p class="kind">${about}</p>
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
