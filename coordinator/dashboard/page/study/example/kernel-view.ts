import { html, nothing, type TemplateResult } from 'lit-html';
import type { PlannedLayer } from '../../../../../shared/engine/layers/layer-plan.ts';
import type { Term, UnitStudy } from '../../../../../shared/study/unit-study.ts';
import type { Backward } from './backward-state.ts';
import { KERNEL_MAX, type KernelGrid, kernelGrids, windowGrid } from './kernel-grid.ts';
import { showFour } from './sums.ts';

/** A kernel over its patch: the patch, the kernel, and their products. */
export function kernelView(
  planned: PlannedLayer,
  { forward }: UnitStudy,
  chosen: number | undefined,
  actions: Backward,
): TemplateResult | typeof nothing {
  const grids = kernelGrids(planned, forward);
  const largest = grids.toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum))[0];
  const grid = grids[chosen ?? -1] ?? largest;
  if (!grid || grid.size > KERNEL_MAX) return nothing;
  const choose = ({ target }: Event) =>
    actions.pickChannel(Number((target as HTMLSelectElement).value));
  return html`<div class="grids">
      ${gridOf('patch a', grid, (term) => term?.value ?? 0)} <span>·</span>
      ${gridOf('kernel w', grid, (term) => term?.weight)} <span>→</span>
      ${gridOf(
        'products w · a',
        grid,
        (term) => term?.product ?? 0,
        (term) => {
          if (term.parameter !== null) actions.pickWeight(term.parameter);
        },
      )}
    </div>
    <p class="quiet">
      ${
        grids.length > 1
          ? html`<label>
              Input channel
              <select @change=${choose}>
                ${grids.map(
                  ({ channel }) => html`<option
                    value=${channel}
                    ?selected=${channel === grid.channel}
                  >
                    ${channel}
                  </option>`,
                )}
              </select>
            </label>`
          : nothing
      }
      These products add up to ${showFour(grid.sum)}${
        grids.length > 1 ? `, those of all ${grids.length} channels to z − b` : ''
      }. Beyond the edge of the image are zeros.
    </p>`;
}

/** The pixels of a pooling unit. */
export function poolView(planned: PlannedLayer, { forward, value }: UnitStudy, unit: number) {
  const grid = windowGrid(planned, unit, forward);
  if (grid.size > KERNEL_MAX) return nothing;
  const isMax = planned.spec.type === 'max-pool';
  return html`<div class="grids">
      ${gridOf('window a', grid, (term) => term?.value, undefined, isMax)}
    </div>
    <p class="quiet">
      ${
        isMax
          ? `The largest pixel wins: ${showFour(value)}. It alone gets the error back.`
          : `The mean is ${showFour(value)}. Each pixel gets 1/${grid.size ** 2} of the error back.`
      }
    </p>`;
}

/** One small table of numbers, colored by their signs. */
function gridOf(
  name: string,
  { size, cells }: KernelGrid,
  numberOf: (term: Term | undefined) => number | undefined,
  choose?: (term: Term) => void,
  marksWinner = false,
): TemplateResult {
  const values = cells.map(numberOf);
  const known = values.filter((value) => value !== undefined);
  const reach = Math.max(...known.map(Math.abs)) || 1;
  const cell = (i: number) => {
    const [value, term] = [values[i], cells[i]];
    const isWinner = marksWinner && term?.weight === 1;
    if (value === undefined) return html`<td>–</td>`;
    const text = Number(value.toPrecision(2)).toString().replaceAll('-', '−');
    return html`<td class=${isWinner ? 'winner' : ''} .style=${tint(value / reach)}>
      ${
        choose && term
          ? html`<button class="link" @click=${() => choose(term)}>${text}</button>`
          : text
      }
    </td>`;
  };
  const line = (row: number) => Array.from({ length: size }, (_, i) => cell(row * size + i));
  return html`<table class="grid-of-numbers">
    <caption>
      ${name}
    </caption>
    <tbody>
      ${Array.from({ length: size }, (_, row) => html`<tr>${line(row)}</tr>`)}
    </tbody>
  </table>`;
}

/** The color of a part from −1 to 1, pale enough for text. */
const tint = (part: number): string =>
  `background: color-mix(in srgb, var(${part < 0 ? '--validation' : '--accent'}) ` +
  `${Math.round(Math.abs(part) * 30)}%, transparent)`;
