import { html, type TemplateResult } from 'lit-html';
import type { Panel } from '../../panel/panel.ts';
import { showPicture } from '../../panel/picture.ts';
import { tableFrom } from '../../panel/table.ts';
import { whenSeen } from '../../panel/when-seen.ts';
import type { Study } from '../study.ts';
import { GRADIENT_EXAMPLES } from '../units/unit-tasks.ts';
import { flowPicture } from './flow-picture.ts';
import { freshSentence, WEIGHTS, type WeightsName } from './fresh-text.ts';

const NAMES = Object.keys(WEIGHTS) as WeightsName[];

/** The gradients of two fresh nets, which differ in their activation alone. */
export const fresh = (study: Study): Panel => {
  const argument = () => {
    const { studies, chosen } = study;
    const { factor, initialization } = WEIGHTS[chosen.weights];
    const seed = studies.opened?.config.seed ?? 0;
    return { set: 'test', weights: { initialization, factor, seed } } as const;
  };
  const found = () => study.studies.result('fresh', argument())?.value;
  return {
    id: 'fresh-net',
    name: 'Sigmoid beside ReLU',
    title() {
      const norms = found();
      return norms ? freshSentence(norms) : 'What does an activation do to the gradient?';
    },
    body() {
      const norms = found();
      return html`<div ${whenSeen(() => study.studies.want('fresh', argument(), 'test'))}>
        <div class="study-bar">${select(study)}</div>
        ${norms ? show(study, norms) : study.waiting('fresh', argument())}
      </div>`;
    },
    table() {
      const [sigmoid = [], relu = []] = found() ?? [];
      return tableFrom([...sigmoid.keys()].reverse(), [
        ['layer', (i) => `dense${i + 1}`],
        ['norm of the gradient with sigmoid', (i) => sigmoid[i]],
        ['norm of the gradient with ReLU', (i) => relu[i]],
      ]);
    },
  };
};

function select({ chosen, choose }: Study): TemplateResult {
  const change = ({ target }: Event) =>
    choose({ weights: (target as HTMLSelectElement).value as WeightsName });
  return html`<label
    >Initial weights
    <select @change=${change}>
      ${NAMES.map(
        (name) => html`<option value=${name} ?selected=${name === chosen.weights}>
          ${WEIGHTS[name].text}
        </option>`,
      )}
    </select></label
  >`;
}

function show(study: Study, norms: readonly (readonly number[])[]): TemplateResult {
  const places = [...norms[0].keys()].reverse();
  const names = places.map((i) => `dense${i + 1}`);
  const columns = ['sigmoid', 'ReLU'].map((title, k) => ({
    title: `‖∂L/∂w‖, ${title}`,
    values: places.map((i) => [norms[k][i]]),
  }));
  const picture = flowPicture({
    id: 'fresh-net',
    label: freshSentence(norms),
    ...{ names, columns },
    isShared: true,
    storyOf: (row) =>
      `${names[row]}: ‖∂L/∂w‖ is ${norms[0][places[row]].toPrecision(3)} with sigmoid, and ` +
      `${norms[1][places[row]].toPrecision(3)} with ReLU.`,
  });
  return html`${showPicture(picture, study.ui)}
    <p class="source">
      Two nets with six dense layers that have learned nothing yet, computed here: the mean gradient
      of the first ${GRADIENT_EXAMPLES} test examples at most. Both have the same weights. Choose
      others to see what they do.
    </p>`;
}
