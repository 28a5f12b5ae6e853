import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { type Difference, showNumber } from './output-text.ts';

/** The outputs, and the arrows if the question is answered. */
export function outputRows(
  shown: readonly Difference[],
  names: readonly string[],
  isOpen: boolean,
  after: Float32Array | undefined,
): TemplateResult {
  const all = [...shown.flatMap(({ output, target }) => [output, target]), ...(after ?? [])];
  const [low, high] = [Math.min(0, ...all), Math.max(1, ...all)];
  const percent = (value: number) => `${(((value - low) / (high - low)) * 100).toFixed(2)}%`;
  return html`<table class=${isOpen ? 'nudges' : 'nudges told'}>
    <thead>
      <tr>
        <th scope="col">class</th>
        <th scope="col">output${after ? ' → after' : nothing}</th>
        <th scope="col">desired</th>
        ${isOpen ? nothing : html`<th scope="col">δ</th>`}
        <th scope="col" class="arrow">
          ${isOpen ? 'output' : 'nudge'}, from ${showNumber(low)} to ${showNumber(high)}
        </th>
      </tr>
    </thead>
    <tbody>
      ${shown.map(
        (difference) => html`<tr class=${difference.target === 1 ? 'chosen' : ''}>
          <th scope="row">${names[difference.label]}</th>
          <td>
            ${showNumber(difference.output)}${
              after ? html` → <b>${showNumber(after[difference.label])}</b>` : nothing
            }
          </td>
          <td>${difference.target}</td>
          ${isOpen ? nothing : deltaCell(difference)}
          <td class="arrow">
            ${isOpen ? dot(difference, percent) : arrows(difference, after, percent)}
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

const toneOf = (delta: number): string => (delta > 0 ? 'less' : 'more');

const deltaCell = (difference: Difference): TemplateResult =>
  html`<td class=${toneOf(difference.delta)}>${nudgeOf(difference)}</td>`;

/** "▼ +0.80": what is above its target is to decrease. */
function nudgeOf({ delta }: Difference): string {
  const number = showNumber(delta);
  const sign = delta > 0 && !number.startsWith('≈') ? '+' : '';
  return `${delta > 0 ? '▼' : delta < 0 ? '▲' : ''} ${sign}${number}`;
}

type Percent = (value: number) => string;

const dot = ({ output, target }: Difference, percent: Percent): TemplateResult =>
  html`<svg aria-hidden="true">
    ${scale(target, percent)}<circle cx=${percent(output)} cy="10" r="4" fill="currentcolor" />
  </svg>`;

const scale = (target: number, percent: Percent) =>
  svg`<line class="axis" x1="0" x2="100%" y1="10" y2="10" />
    <line class="target" x1=${percent(target)} x2=${percent(target)} y1="3" y2="17" />`;

/** The arrow from an output to its target, beside the one before the steps. */
function arrows(
  { label, output, target }: Difference,
  after: Float32Array | undefined,
  percent: Percent,
): TemplateResult {
  const ends = after ? [output, after[label]] : [output];
  return html`<svg aria-hidden="true">
    ${scale(target, percent)}
    ${ends.map((end, i) => {
      const isBefore = i < ends.length - 1;
      const y = after ? (isBefore ? 5 : 14) : 10;
      return arrow(end, target, y, isBefore, percent);
    })}
  </svg>`;
}

function arrow(from: number, to: number, y: number, isBefore: boolean, percent: Percent) {
  const delta = from - to;
  const kind = `${toneOf(delta)}${isBefore ? ' before' : ''}`;
  const head = delta > 0 ? 'M0 0 l7 -4 v8 z' : 'M0 0 l-7 -4 v8 z';
  return svg`<g class=${kind}>
    <line x1=${percent(from)} x2=${percent(to)} y1=${y} y2=${y} stroke-width="3" />
    <circle cx=${percent(from)} cy=${y} r="2" />
    ${
      Math.abs(delta) > 0.02
        ? svg`<svg x=${percent(to)} y=${y} overflow="visible">
            <path d=${head} stroke="none" />
          </svg>`
        : nothing
    }
  </g>`;
}
