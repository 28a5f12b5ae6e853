import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ControlRequest } from '../../../control/control-request.ts';
import type { ChaosRates } from '../../../control/controlled.ts';
import type { ControlView } from '../../../control/run-control.ts';
import type { RunFacts, RunView, WorkerRow } from '../../model/run-view.ts';
import { colorOf } from '../drawing/colors.ts';
import { formatCount, formatHash, formatTime } from '../format.ts';
import { keepFocus } from '../panel/keep-focus.ts';
import type { Panel } from '../panel/panel.ts';
import { whenSeen } from '../panel/when-seen.ts';
import type { Ui } from '../ui.ts';
import { changeDisturb, lookAtControl, order, setChaos } from './disturb-orders.ts';
import {
  controlMoment,
  disturbNote,
  disturbTitle,
  FAULTS,
  type Fault,
  isKept,
  type Mode,
  modeOf,
  orderKey,
  placeOfRate,
  RATES,
  rateText,
  STALLS_MS,
  shownRates,
  whyNoFlip,
} from './disturb-state.ts';

/** People disturb the run, and see that the result stays the same. */
export const disturb: Panel = {
  id: 'disturb',
  isOnlyLive: true,
  name: 'Disturb it',
  title: (view, ui) => disturbTitle(modeHere(view, ui), view, ui.choices.disturb),
  body(view, ui) {
    const state = ui.choices.disturb;
    const mode = modeHere(view, ui);
    const moment = controlMoment(view);
    const isToAsk = !QUIET.includes(mode) && state.askedAt !== moment;
    return html`<div
      class="disturb"
      tabindex="-1"
      role="group"
      aria-label="Disturb it"
      ${keepFocus()}
      ${whenSeen(isToAsk ? () => void lookAtControl(ui, moment) : undefined)}
    >
      ${mode === 'live' ? controls(view, state.control as ControlView, ui) : notLive(mode, ui)}
      ${answer(ui)} ${promise(view)}
    </div>`;
  },
};

const modeHere = (view: RunView, { choices }: Ui): Mode =>
  modeOf(view, choices.disturb, choices.shownStep);

/** There is nothing to ask the coordinator then. */
const QUIET: readonly Mode[] = ['past', 'over'];

function notLive(mode: Mode, ui: Ui): TemplateResult {
  const again = () => changeDisturb(ui, { askedAt: undefined, control: undefined });
  return html`<p>${disturbNote(mode, ui.choices.disturb)}</p>
    ${mode === 'unknown' ? html`<button @click=${again}>Ask again</button>` : nothing}`;
}

/** What the coordinator has answered last. */
function answer({ choices }: Ui): TemplateResult {
  const { said } = choices.disturb;
  return html`<p role="status" class="said ${said?.isError ? 'warning' : ''}">
    ${said ? html`<time>${formatTime(said.time)}</time> ${said.text}` : nothing}
  </p>`;
}

function promise({ status, facts }: RunView): TemplateResult | typeof nothing {
  if (!isKept(status, facts)) return nothing;
  const { chain, step = 0, end } = status ?? {};
  const sha256 = end?.parametersSha256;
  return html`<p class="promise">
    <b>The hash stays the same.</b>
    ${
      sha256
        ? html`SHA-256 of the parameters: <code>${formatHash(sha256)}</code>`
        : chain
          ? html`Chain after step ${formatCount(step)}: <code>${formatHash(chain)}</code>`
          : nothing
    }
  </p>`;
}

function controls(view: RunView, control: ControlView, ui: Ui): TemplateResult {
  const { actions, chaos } = control;
  const noFlip = whyNoFlip(control, view.facts);
  const start = () => orderButton({ action: 'start' }, 'Start a worker', ui);
  return html`<div class="orders">
      ${actions.includes('start') ? start() : nothing}
      ${actions.includes('stall') ? stallChoice(control, ui) : nothing}
      ${actions.includes('stop') ? stopButton(ui) : nothing}
    </div>
    ${ui.choices.disturb.isStopAsked ? stopQuestion(view.facts, ui) : nothing}
    <div class="scroll" tabindex="0" role="region" aria-label="Workers to disturb">
      <ul class="crowd">
        ${repeat(
          view.status?.workers ?? [],
          ({ rank }) => rank,
          (worker) => workerRow(worker, control, noFlip !== undefined, ui),
        )}
      </ul>
    </div>
    ${noFlip ? html`<p class="kind" id="no-flip">${noFlip}</p>` : nothing}
    ${chaos && actions.includes('chaos') ? chaosSliders(chaos, ui) : nothing}`;
}

function workerRow(
  { rank, name, state }: WorkerRow,
  { actions }: ControlView,
  isNoFlip: boolean,
  ui: Ui,
): TemplateResult {
  const who = `rank ${rank} (${name})`;
  const { stallMs } = ui.choices.disturb;
  const button = (request: ControlRequest, text: string) =>
    actions.includes(request.action) ? orderButton(request, text, ui, who) : nothing;
  return html`<li>
    <i aria-hidden="true" .style=${`--worker: ${colorOf(rank)}`}></i>
    <span class="who">rank ${rank} <small>${name}</small></span>
    <span class="kind">${state}</span>
    <span class="orders" role="group" aria-label=${who}>
      ${button({ action: 'kill', rank }, 'Kill')}
      ${button({ action: 'stall', rank, milliseconds: stallMs }, 'Stall')}
      ${button({ action: 'leave', rank }, 'Ask to leave')}
      ${button({ action: 'corrupt', rank }, 'Flip a bit')}
      ${
        isNoFlip
          ? html`<button disabled aria-describedby="no-flip" aria-label="Flip a bit of ${who}">
              Flip a bit
            </button>`
          : nothing
      }
    </span>
  </li>`;
}

/** A button that gives an order, and shows that it waits. It keeps the focus while it does. */
function orderButton(request: ControlRequest, text: string, ui: Ui, who = ''): TemplateResult {
  const key = orderKey(request.action, 'rank' in request ? request.rank : undefined);
  const isWaiting = ui.choices.disturb.waiting.has(key);
  return html`<button
    data-order=${request.action}
    aria-busy=${isWaiting}
    aria-disabled=${isWaiting}
    aria-label=${who ? `${text}: ${who}` : text}
    @click=${() => void order(ui, request)}
  >
    <span class="label">${text}</span>
  </button>`;
}

function stallChoice({ chaos }: ControlView, ui: Ui): TemplateResult {
  const { stallMs } = ui.choices.disturb;
  const choose = (event: Event) => {
    const chosen = Number((event.target as HTMLSelectElement).value);
    changeDisturb(ui, { stallMs: chosen });
    if (chaos && chaos.stall > 0) void setChaos(ui, { stallMs: chosen });
  };
  return html`<label
    >A stall lasts
    <select @change=${choose}>
      ${STALLS_MS.map(
        (each) =>
          html`<option value=${each} ?selected=${each === stallMs}>${each / 1000} s</option>`,
      )}
    </select></label
  >`;
}

const STOP_BUTTON = 'disturb-stop';

function stopButton(ui: Ui): TemplateResult {
  const { isStopAsked, waiting } = ui.choices.disturb;
  const isWaiting = waiting.has(orderKey('stop'));
  return html`<button
    id=${STOP_BUTTON}
    aria-expanded=${isStopAsked}
    aria-busy=${isWaiting}
    @click=${() => changeDisturb(ui, { isStopAsked: !isStopAsked })}
  >
    <span class="label">Stop the run</span>
  </button>`;
}

/** Asks once more. */
function stopQuestion(facts: RunFacts | undefined, ui: Ui): TemplateResult {
  const close = () => {
    changeDisturb(ui, { isStopAsked: false });
    document.getElementById(STOP_BUTTON)?.focus();
  };
  const stop = () => {
    close();
    void order(ui, { action: 'stop' });
  };
  const onKey = ({ key }: KeyboardEvent) => {
    if (key === 'Escape') close();
  };
  return html`<div class="question" role="group" aria-labelledby="stop-question" @keydown=${onKey}>
    <p id="stop-question">
      Stop the run? A checkpoint is saved.
      ${facts?.resumeCommand ? html`To go on later: <code>${facts.resumeCommand}</code>` : nothing}
    </p>
    <button @click=${stop}>Stop and save</button>
    <button @click=${close}>Keep training</button>
  </div>`;
}

function chaosSliders(chaos: ChaosRates, ui: Ui): TemplateResult {
  const state = ui.choices.disturb;
  const rates = shownRates(chaos, state);
  const isWaiting = state.waiting.has(orderKey('chaos'));
  const calm = () => void setChaos(ui, { kill: 0, stall: 0, leave: 0, join: 0 });
  return html`<fieldset class="chaos">
    <legend>Faults by chance, over all workers</legend>
    ${FAULTS.map(({ fault, name }) => slider(fault, name, rates, ui))}
    <button aria-busy=${isWaiting} @click=${calm}><span class="label">Calm</span></button>
  </fieldset>`;
}

function slider(fault: Fault, name: string, rates: ChaosRates, ui: Ui): TemplateResult {
  const rateOf = (event: Event) => RATES[Number((event.target as HTMLInputElement).value)];
  const text = rateText(fault, rates[fault], rates.stallMs);
  const set = (rate: number) => {
    const { stallMs } = ui.choices.disturb;
    void setChaos(ui, { [fault]: rate, ...(fault === 'stall' && { stallMs }) });
  };
  return html`<label for="chaos-${fault}">${name}</label>
    <input
      id="chaos-${fault}"
      type="range"
      min="0"
      max=${RATES.length - 1}
      aria-valuetext=${text}
      .value=${String(placeOfRate(rates[fault]))}
      @input=${(event: Event) => changeDisturb(ui, { held: { fault, rate: rateOf(event) } })}
      @change=${(event: Event) => set(rateOf(event))}
      @blur=${() => changeDisturb(ui, { held: undefined })}
    />
    <output for="chaos-${fault}">${text}</output>`;
}
