import { html, nothing, type TemplateResult } from 'lit-html';
import { figuresOf, statusSentence } from './sentences.ts';
import { canStart, isActive, type TabState } from './tab-state.ts';
import type { ThreadLimit } from './threads.ts';

/** What the user has chosen. */
export interface TabChoices {
  readonly name: string;
  /** The part of a core that each thread takes, above 0 and at most 1. */
  readonly effort: number;
  /** The threads that compute together, from the next start on. */
  readonly threads: number;
}

export interface TabActions {
  start(): void;
  pause(): void;
  choose(choices: Partial<TabChoices>): void;
}

/** The whole page. */
export function view(
  state: TabState,
  choices: TabChoices,
  limit: ThreadLimit,
  actions: TabActions,
): TemplateResult {
  return html`<main>
    <h1>Take part in a training run</h1>
    ${state.phase === 'invited' ? invitation() : nothing}
    <p class="status ${state.phase}" role="status">${statusSentence(state)}</p>
    ${progress(state)} ${controls(state, choices, limit, actions)} ${figures(state)}
  </main>`;
}

function invitation(): TemplateResult {
  return html`<p>
      The machine at <strong>${location.host}</strong> trains a neural network. This browser can be
      one of its workers: it computes a part of each step and sends back sums. The result is the
      same to the last bit, whoever takes part.
    </p>
    <h2>What it does to this machine</h2>
    <ul>
      <li>
        As many cores are busy as you choose below. A battery runs down faster, and a fan may be
        heard.
      </li>
      <li>
        The training data comes over the network once, often about 50 MB. This browser may keep it
        for next time.
      </li>
      <li>It needs some 300 MB of memory. All of it is free again when you close the tab.</li>
      <li>The page reads no files of this machine, and installs nothing.</li>
    </ul>
    <h2>Who sees what</h2>
    <ul>
      <li>This tab gets the training data and the model. Keep the link among those who may.</li>
      <li>Those who watch the run see the name below, this network address and this browser.</li>
    </ul>`;
}

function progress({ phase, loaded }: TabState): TemplateResult | typeof nothing {
  if (phase !== 'preparing' || !loaded) return nothing;
  const { receivedBytes, totalBytes } = loaded;
  return html`<progress
    aria-label="Training data"
    value=${receivedBytes}
    max=${Math.max(1, totalBytes)}
  ></progress>`;
}

function controls(
  state: TabState,
  choices: TabChoices,
  limit: ThreadLimit,
  { start, pause, choose }: TabActions,
): TemplateResult | typeof nothing {
  if (!canStart(state) && !isActive(state)) return nothing;
  const percent = Math.round(100 * choices.effort);
  return html`<form
    @submit=${(event: Event) => {
      event.preventDefault();
      start();
    }}
  >
    ${
      state.phase === 'invited'
        ? html`<label>
            Name, for the others
            <input
              maxlength="40"
              required
              autocomplete="off"
              .value=${choices.name}
              @input=${(event: Event) => choose({ name: inputOf(event) })}
            />
          </label>`
        : nothing
    }
    ${threadsControl(state, choices, limit, choose)}
    <label>
      Part of ${choices.threads > 1 ? 'each' : 'a'} core: ${percent} %
      <input
        type="range"
        min="10"
        max="100"
        step="10"
        .value=${String(percent)}
        @input=${(event: Event) => choose({ effort: Number(inputOf(event)) / 100 })}
      />
    </label>
    ${
      isActive(state)
        ? html`<button type="button" ?disabled=${state.phase === 'leaving'} @click=${pause}>
            Pause
          </button>`
        : html`<button class="main">${startWord(state)}</button>`
    }
  </form>`;
}

const inputOf = ({ target }: Event): string => (target as HTMLInputElement).value;

/** The number of threads can be chosen only before a start: each has its own part of the memory. */
function threadsControl(
  state: TabState,
  { threads }: TabChoices,
  { most, reason }: ThreadLimit,
  choose: TabActions['choose'],
): TemplateResult {
  if (reason !== undefined) return html`<p class="kind">${reason}</p>`;
  if (isActive(state))
    return html`<p class="kind">
      Threads: ${threads} of ${most}. To change that, pause first.
    </p>`;
  return html`<label>
    Threads: ${threads} of ${most}
    <input
      type="range"
      min="1"
      max=${most}
      .value=${String(threads)}
      @input=${(event: Event) => choose({ threads: Number(inputOf(event)) })}
    />
  </label>`;
}

function startWord({ phase }: TabState): string {
  if (phase === 'invited') return 'Start';
  return phase === 'paused' ? 'Continue' : 'Try again';
}

function figures(state: TabState): TemplateResult | typeof nothing {
  const found = figuresOf(state);
  if (found.length === 0) return nothing;
  return html`<dl>
    ${found.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}
