import { html, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import { viewAt } from '../../model/view-at.ts';
import type { Ui } from '../ui.ts';
import { describeShown, firstStepOf } from './rewind-steps.ts';

const SPEEDS: readonly (readonly [seconds: number, name: string])[] = [
  [10, '10 s'],
  [30, '30 s'],
  [60, '1 min'],
  [300, '5 min'],
];

/** The bar at the bottom with which people go back in time. */
export function rewindBar(view: RunView, ui: Ui): TemplateResult {
  const { choices, change } = ui;
  const { shownStep, isPlaying, playSeconds, isRewindOpen } = choices;
  const isRecorded = view.facts?.isRecorded === true;
  if (!isRecorded && !isRewindOpen) {
    return html`<div class="rewind closed">
      <button class="quiet" @click=${() => change({ isRewindOpen: true })}>Back in time</button>
    </div>`;
  }
  const last = view.status?.step ?? 0;
  const text = describeShown(shownStep === null ? view : viewAt(view, shownStep), last);
  const move = (event: Event) => {
    const step = Number((event.target as HTMLInputElement).value);
    change({ shownStep: step >= last ? null : step, isPlaying: false });
  };
  const play = () => change({ isPlaying: !isPlaying, shownStep: shownStep ?? firstStepOf(view) });
  const end = () => change({ shownStep: null, isPlaying: false, isRewindOpen: false });
  return html`<section
    class="rewind ${shownStep === null ? '' : 'past'}"
    aria-label="Go back in time"
  >
    <button @click=${play}>${isPlaying ? 'Pause' : 'Play'}</button>
    <label
      >whole run in
      <select @change=${(event: Event) => change({ playSeconds: chosen(event) })}>
        ${SPEEDS.map(
          ([seconds, name]) =>
            html`<option value=${seconds} ?selected=${seconds === playSeconds}>${name}</option>`,
        )}
      </select></label
    >
    <input
      type="range"
      min=${firstStepOf(view)}
      max=${last}
      .value=${String(shownStep ?? last)}
      @input=${move}
      aria-label="The step after which the run is shown"
      aria-valuetext=${text}
    />
    <output>${text}</output>
    <button ?disabled=${shownStep === null && isRecorded} @click=${end}>
      ${isRecorded ? 'End' : 'Now'}
    </button>
  </section>`;
}

const chosen = (event: Event): number => Number((event.target as HTMLSelectElement).value);
