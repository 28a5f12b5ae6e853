import { html, nothing, type TemplateResult } from 'lit-html';
import { classNamesOf, inUnit, isRegression } from '../../../../../shared/data/target.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import { STUDY_SETS, type StudySet } from '../../../../study/study-answer.ts';
import { formatCount, shortNumber } from '../../format.ts';
import type { Panel } from '../../panel/panel.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import { unbroken } from '../../unbroken.ts';
import type { OpenStudy } from '../access.ts';
import { examplePicture } from '../example/example-picture.ts';
import { goOnSeeking, seekWrong } from '../seek.ts';
import { EXAMPLES } from '../studies.ts';
import type { Study } from '../study.ts';
import {
  indexFrom,
  keptText,
  learningWarnings,
  numberText,
  predictionText,
  stepText,
  wrongText,
} from './overview-text.ts';

/** What is studied: which parameters, which example. */
export function overview(study: Study): Panel {
  const { studies } = study;
  return {
    id: 'study',
    name: 'What is studied',
    isWide: true,
    title() {
      const { step, opened } = studies;
      if (step === undefined || !opened) return 'The net is being fetched.';
      return stepText(step, Math.ceil(opened.counts.training / opened.config.globalBatch));
    },
    body(view) {
      const { opened, problem } = studies;
      if (!opened) return html`<p class=${problem ? 'warning' : 'quiet'}>${problem ?? nothing}</p>`;
      return html`<div class="study-bar" ${whenSeen(() => wantFor(study))}>
        ${examplePicture(study)}
        <div>
          ${exampleOf(study, opened)} ${exampleControls(study, opened)}
          ${netControls(study, opened)}
          ${
            studies.shown.kind === 'held' && !studies.isOver
              ? html`<p>This net holds still, while the run goes on.</p>`
              : nothing
          }
          <p class="quiet">
            The engine in this page computes what the run computes, to the last bit.
            ${
              studies.isPlain
                ? 'This browser lacks fast instructions, so it takes longer here.'
                : nothing
            }
          </p>
          ${problem ? html`<p class="warning">${problem}</p>` : nothing}
          ${learningWarnings(view).map((text) => html`<p class="warning">${unbroken(text)}</p>`)}
        </div>
      </div>`;
    },
  };
}

/** The examples of a set that the page has. */
const countOf = ({ counts }: OpenStudy, set: StudySet) => Math.min(counts[set], EXAMPLES);

function wantFor(study: Study): void {
  const { set, index } = study.chosen;
  study.studies.want('example', { set, index }, set);
  goOnSeeking(study);
}

function exampleOf({ studies, chosen: { set, index } }: Study, opened: OpenStudy): TemplateResult {
  const { dataset } = opened.config;
  const names = classNamesOf(dataset);
  const found = studies.result('example', { set, index });
  const of = studies.result('set', { set });
  const labelText = (label: number) =>
    isRegression(dataset) ? shortNumber(inUnit(dataset, label)) : names[label];
  const outcomeText = (example: ExampleStudy) =>
    isRegression(dataset) ? numberText(example, dataset) : predictionText(example, names);
  const count = of && !isRegression(dataset) ? unbroken(wrongText(of.value)) : nothing;
  return html`<p class="example-name">
      ${set} example ${index}${found ? html`: <b>${labelText(found.value.label)}</b>` : nothing}
    </p>
    <p aria-live="polite">${found ? outcomeText(found.value) : 'Computing …'}</p>
    <p class="quiet count">${count}</p>`;
}

function exampleControls(study: Study, opened: OpenStudy): TemplateResult {
  const { chosen, choose } = study;
  const count = countOf(opened, chosen.set);
  const move = (by: number) => choose({ index: (chosen.index + by + count) % count });
  const chooseSet = ({ target }: Event) =>
    choose({ set: (target as HTMLSelectElement).value as StudySet, index: 0 });
  const chooseIndex = ({ target }: Event) => {
    const input = target as HTMLInputElement;
    const index = indexFrom(input.value, count);
    input.value = String(index);
    choose({ index });
  };
  return html`<div class="controls" role="group" aria-label="Example">
    <label>
      Set
      <select .value=${chosen.set} @change=${chooseSet}>
        ${STUDY_SETS.filter((set) => opened.counts[set] > 0).map(
          (set) => html`<option value=${set} ?selected=${set === chosen.set}>${set}</option>`,
        )}
      </select>
    </label>
    <button @click=${() => move(-1)}>Previous</button>
    <label>
      Number
      <input
        type="number"
        min="0"
        max=${count - 1}
        .value=${String(chosen.index)}
        @change=${chooseIndex}
      />
    </label>
    <span class="quiet">
      of ${formatCount(count)}${opened.counts[chosen.set] > count ? ' that are loaded' : nothing}
    </span>
    <button @click=${() => move(1)}>Next</button>
    ${
      isRegression(opened.config.dataset)
        ? nothing
        : html`<button aria-busy=${chosen.isSeeking} @click=${() => seekWrong(study)}>
            <span class="label">Next wrong one</span>
          </button>`
    }
  </div>`;
}

function netControls({ studies }: Study, { keptSteps }: OpenStudy): TemplateResult {
  const { shown, isOver } = studies;
  return html`<div class="controls" role="group" aria-label="Net">
    <button
      aria-pressed=${shown.kind === 'newest'}
      @click=${() => studies.show({ kind: 'newest' })}
    >
      ${isOver ? 'The last net' : 'The newest net, live'}
    </button>
    ${
      isOver
        ? nothing
        : html`<button
            aria-pressed=${shown.kind === 'held'}
            @click=${() => studies.show({ kind: 'held' })}
          >
            Hold this step
          </button>`
    }
    ${keptSteps.length > 0 ? keptSlider(studies, keptSteps) : nothing}
  </div>`;
}

/** The kept checkpoints from the first to the last, and after them the newest net. */
function keptSlider(studies: Study['studies'], keptSteps: readonly number[]): TemplateResult {
  const { shown } = studies;
  const count = keptSteps.length;
  const found = shown.kind === 'kept' ? keptSteps.indexOf(shown.step) : -1;
  const at = found < 0 ? count : found;
  const text = keptText(keptSteps, at);
  const show = ({ target }: Event) => {
    const step = keptSteps[Number((target as HTMLInputElement).value)];
    studies.show(step === undefined ? { kind: 'newest' } : { kind: 'kept', step });
  };
  return html`<label>
    Checkpoints
    <input
      type="range"
      min="0"
      max=${count}
      .value=${String(at)}
      aria-valuetext=${text}
      @input=${show}
    />
    <span>${text}</span>
  </label>`;
}
