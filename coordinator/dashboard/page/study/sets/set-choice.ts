import { html, nothing, type TemplateResult } from 'lit-html';
import type { SetStudy } from '../../../../../shared/study/set-study.ts';
import { STUDY_SETS, type StudySet } from '../../../../study/study-answer.ts';
import { formatCount } from '../../format.ts';
import type { Dated } from '../access.ts';
import type { Study } from '../study.ts';

/** Which examples of a set are shown. */
export interface ShownSet {
  readonly set: StudySet;
  /** Undefined until it is there. */
  readonly study: Dated<SetStudy> | undefined;
  readonly isWhole: boolean;
}

/** The study of a set: of all examples if the user has asked for them, else of the loaded ones. */
export function shownSet({ studies, wholeSets }: Study, set: StudySet): ShownSet {
  const { result, isShown } = wholeSets.of(set);
  if (result && isShown) return { set, study: result, isWhole: true };
  const study = studies.result('set', { set });
  return { set, study, isWhole: study?.value.labels.length === studies.opened?.counts[set] };
}

/** Says which examples the numbers are of: "of the first 2,000 of 10,000 test examples". */
export function whichExamples({ studies }: Study, { set, study, isWhole }: ShownSet): string {
  const all = formatCount(studies.opened?.counts[set] ?? 0);
  if (isWhole || !study) return `all ${all} ${set} examples`;
  return `the first ${formatCount(study.value.labels.length)} of ${all} ${set} examples`;
}

/** Lets the user choose the set, and whether all its examples are evaluated. */
export function setChoice(
  study: Study,
  shown: ShownSet,
  choose: (set: StudySet) => void,
): TemplateResult {
  const { studies } = study;
  const sets = STUDY_SETS.filter((set) => (studies.opened?.counts[set] ?? 1) > 0);
  const change = ({ target }: Event) => choose((target as HTMLSelectElement).value as StudySet);
  return html`<div class="controls">
    <label
      >Set
      <select @change=${change}>
        ${sets.map(
          (set) => html`<option value=${set} ?selected=${set === shown.set}>${set}</option>`,
        )}
      </select></label
    >
    ${scope(study, shown)}
  </div>`;
}

function scope({ studies, wholeSets }: Study, shown: ShownSet): TemplateResult {
  const { set } = shown;
  const count = studies.opened?.counts[set] ?? 0;
  const { doneCount, problem, isShown, result } = wholeSets.of(set);
  const isLoaded = studies.result('set', { set })?.value.labels.length === count;
  if (isLoaded || count === 0) return html`${nothing}`;
  const isStale = isShown && result !== undefined && result.step !== studies.step;
  const text = isStale ? `All again, after step ${studies.step}` : `All ${formatCount(count)}`;
  return html`${
    doneCount === undefined
      ? html`<button
            ?disabled=${isShown && result !== undefined && !isStale}
            @click=${() => void wholeSets.evaluate(set)}
          >
            ${text}
          </button>`
      : html`<progress aria-label="Examples evaluated" max=${count} value=${doneCount}></progress>`
  }
    ${
      isShown && doneCount === undefined
        ? html`<button @click=${() => wholeSets.leave(set)}>The first ones, live</button>`
        : nothing
    }
    ${problem === undefined ? nothing : html`<span class="warning">${problem}</span>`}`;
}
