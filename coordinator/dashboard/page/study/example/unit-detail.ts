import { html, nothing, type TemplateResult } from 'lit-html';
import { isLocked } from '../../../../../shared/study/columns.ts';
import type { Term, UnitStudy } from '../../../../../shared/study/unit-study.ts';
import { unbroken } from '../../unbroken.ts';
import type { Backward, BackwardState } from './backward-state.ts';
import { kernelView, poolView } from './kernel-view.ts';
import { columnName, isBackward, isForward, lockText, unitName } from './net-text.ts';
import { showFour, type TermOrder } from './sums.ts';
import { backwardTable, forwardTable, type UnitContext, weightDetail } from './unit-tables.ts';
import { changeText, deltaText, mostText } from './unit-text.ts';

const HOW_TO_GO_ON = 'Choose a ∂L/∂w to see how it comes about.';

/** The same lock as in the picture. */
const LOCK = html`<svg class="lock" viewBox="-6 -7 12 13" aria-hidden="true">
  <path d="M-2.5 0v-3a2.5 2.5 0 0 1 5 0v3" fill="none" stroke="currentcolor" stroke-width="1.5" />
  <path d="M-4.5 0h9v5h-9z" fill="currentcolor" />
</svg>`;

/** The chain rule of the chosen unit. */
export function unitDetail(
  state: BackwardState,
  names: readonly string[],
  actions: Backward,
): TemplateResult {
  const { columns, chosen, unit, stage, order, parameter } = state;
  const { column } = chosen;
  const progress = { stage, columnCount: columns.length };
  const namesOf = (at: number) => (at === columns.length - 1 ? names : undefined);
  const nameIn = (at: number) => (each: number) => unitName(columns[at], each, namesOf(at));
  const context: UnitContext = {
    column,
    order,
    parameter,
    nameBefore: (each) => (column === 0 ? '' : nameIn(column - 1)(each)),
    nameAfter: nameIn(Math.min(column + 1, columns.length - 1)),
    actions,
  };
  const title = html`<h3>
    ${columnName(columns[column], column)}: ${nameIn(column)(chosen.unit)}
  </h3>`;
  if (!unit) return html`${title}<p class="quiet">Computing …</p>`;
  if (!isForward(progress, column))
    return html`${title}<p class="quiet">The forward pass has not come here yet.</p>`;
  return html`${title} ${forwardPart(state, unit, context)}
  ${
    isBackward(progress, column)
      ? backwardPart(state, unit, context, nameIn(column))
      : html`<p class="quiet">
          ${column === 0 ? 'A pixel is not trained, so nobody needs its δ.' : 'Its δ comes later.'}
        </p>`
  }`;
}

function forwardPart(
  { columns, chosen, channel }: BackwardState,
  unit: UnitStudy,
  context: UnitContext,
): TemplateResult {
  const { forward, changes, value, output, spec } = unit;
  const [planned] = columns[chosen.column].layers;
  if (chosen.column === 0) return html`<p>Its value is ${showFour(value)}.</p>`;
  const isKernel = spec?.type === 'conv2d';
  const isPool = spec?.type === 'max-pool' || spec?.type === 'average-pool';
  return html`<p class="part">Forward: ${isPool ? 'the window' : 'z = Σ w · a + b'}</p>
    ${
      isPool
        ? poolView(planned, unit, chosen.unit)
        : html`${isKernel ? kernelView(planned, unit, channel, context.actions) : nothing}
            ${forward.length > 1 ? orders(context) : nothing} ${forwardTable(unit, context)}`
    }
    ${changes.map((change) => html`<p>${changeText(change)}</p>`)}
    ${
      output && output.value !== value
        ? html`<p>output = softmax(z) = e^z / Σ e^z = ${showFour(output.value)}.</p>`
        : nothing
    }`;
}

/** Whether a product is that of a pixel that is not the largest of its window. */
const isLoser = ({ parameter, weight }: Term): boolean => parameter === null && weight === 0;

/** Which products come first. */
function orders({ order, actions }: UnitContext): TemplateResult {
  const button = (name: TermOrder, text: string) =>
    html`<button aria-pressed=${order === name} @click=${() => actions.orderBy(name)}>
      ${text}
    </button>`;
  return html`<div class="controls" role="group" aria-label="Order of the weights">
    ${button('product', 'Largest in z first')} ${button('gradient', 'Changing most first')}
  </div>`;
}

function backwardPart(
  { columns, chosen }: BackwardState,
  unit: UnitStudy,
  context: UnitContext,
  nameOwn: (unit: number) => string,
): TemplateResult {
  const { output, spec } = unit;
  const slope = columns[chosen.column].slopes?.[chosen.unit] ?? 1;
  const most = mostText(unit, context.nameBefore);
  const isSum = spec?.type === 'dense' || spec?.type === 'conv2d';
  return html`<p class="part">Backward: δ = ${output ? 'output − target' : '(Σ w · δ) · slope'}</p>
    ${isLocked(slope) ? html`<p class="locked">${LOCK} ${lockText(slope)}</p>` : nothing}
    ${output ? nothing : backwardTable(unit, context)}
    ${
      unit.backward.some(isLoser)
        ? html`<p>Another pixel is the largest of its window, so this one gets no error back.</p>`
        : nothing
    }
    <p><b>${deltaText(unit)}</b>.</p>
    ${isSum && most ? html`<p>${unbroken(`${most} ${HOW_TO_GO_ON}`)}</p>` : nothing}
    ${weightDetail(unit, context, nameOwn)}`;
}
