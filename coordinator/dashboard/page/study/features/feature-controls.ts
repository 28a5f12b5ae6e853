import { html, nothing, type TemplateResult } from 'lit-html';
import type { PlannedLayer } from '../../../../../shared/engine/layers/layer-plan.ts';
import { formatCount } from '../../format.ts';
import type { Study } from '../study.ts';
import type { ChannelView } from './unit-weights.ts';
import { weightShape } from './unit-weights.ts';

/** The choices of the layer, of what is shown of it, and of the step. */
export function featureControls(
  study: Study,
  layers: readonly PlannedLayer[],
  layer: PlannedLayer,
  unit: number,
): TemplateResult {
  const { opened } = study.studies;
  const shape = opened && weightShape(opened.plan, layer.name);
  return html`<div class="study-bar">
    <label
      >Layer
      <select
        @change=${({ target }: Event) =>
          study.choose({ layer: (target as HTMLSelectElement).value, unit: undefined })}
      >
        ${layers.map(
          ({ name, output }) => html`<option value=${name} ?selected=${name === layer.name}>
            ${name}: ${formatCount(output.channels)} units
          </option>`,
        )}
      </select></label
    >
    ${unitInput(study, layer.output.channels, unit)}
    ${shape ? differenceButton(study) : nothing}
    ${shape && shape.channels > 1 ? channelSelect(study) : nothing} ${stepSlider(study)}
  </div>`;
}

/** For a unit that has a number elsewhere, or that is none of those with the largest weights. */
function unitInput({ choose }: Study, count: number, unit: number): TemplateResult {
  const chooseUnit = ({ target }: Event) => {
    const input = target as HTMLInputElement;
    const chosen = Math.max(0, Math.min(count - 1, Math.trunc(Number(input.value)) || 0));
    input.value = String(chosen);
    choose({ unit: chosen });
  };
  return html`<label
    >Unit
    <input
      type="number"
      min="0"
      max=${count - 1}
      .value=${String(unit)}
      @change=${chooseUnit}
  /></label>`;
}

function differenceButton({ chosen, choose, kept }: Study): TemplateResult {
  if (!kept.initial) return html`<span>The initial weights are gone.</span>`;
  return html`<button
    aria-pressed=${chosen.difference}
    @click=${() => choose({ difference: !chosen.difference })}
  >
    Change since the start
  </button>`;
}

const VIEWS: readonly (readonly [ChannelView, string])[] = [
  ['mean', 'mean'],
  ['strongest', 'strongest weight'],
];

const channelSelect = ({ chosen, choose }: Study): TemplateResult =>
  html`<label
    >Of all input channels
    <select
      @change=${({ target }: Event) =>
        choose({ channelView: (target as HTMLSelectElement).value as ChannelView })}
    >
      ${VIEWS.map(
        ([view, text]) => html`<option value=${view} ?selected=${view === chosen.channelView}>
          ${text}
        </option>`,
      )}
    </select></label
  >`;

/** From the oldest checkpoint to the newest parameters. */
function stepSlider({ studies, kept }: Study): TemplateResult {
  const { steps } = kept;
  if (steps.length === 0) return html`<span>There is no checkpoint yet.</span>`;
  const { shown, step = 0 } = studies;
  const place = shown.kind === 'kept' ? steps.indexOf(shown.step) : steps.length;
  const show = ({ target }: Event) => {
    const chosen = steps[Number((target as HTMLInputElement).value)];
    studies.show(chosen === undefined ? { kind: 'newest' } : { kind: 'kept', step: chosen });
  };
  const text = `step ${formatCount(step)}${shown.kind === 'kept' ? ', a checkpoint' : ''}`;
  return html`<label
      >Checkpoint
      <input
        type="range"
        min="0"
        max=${steps.length}
        .value=${String(place)}
        aria-valuetext=${text}
        @input=${show}
      />
      <span>${text}</span></label
    >`;
}
