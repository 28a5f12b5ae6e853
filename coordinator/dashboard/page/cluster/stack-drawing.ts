import { html, type TemplateResult } from 'lit-html';
import { drawAxes, drawVertical } from '../chart/chart-drawing.ts';
import { frameOf } from '../chart/chart-layout.ts';
import { shortNumbers } from '../chart/scale.ts';
import { beginText, type Context, clipTo, write } from '../drawing/brush.ts';

import type { Ui } from '../ui.ts';
import { NEWEST_STEPS, type StepColumn, type StepsShown } from './step-columns.ts';

export interface Stack {
  readonly columns: readonly StepColumn[];
  /** The color of each row, the lowest first. */
  readonly colors: readonly string[];
  /** The value at the upper edge. What is higher is cut. */
  readonly top: number;
  /** The text of a value on the axis. */
  readonly textOf: (value: number) => string;
  /** Texts at the right end, each in the middle of its row. */
  readonly labels?: readonly (string | undefined)[];
  /** Steps that are marked by a line. */
  readonly marks?: readonly number[];
}

const LABEL_WIDTH = 92;
const LABEL_HEIGHT = 14;

/** Draws columns as a stack of bands over the steps. */
export function drawStack(context: Context, width: number, height: number, stack: Stack): void {
  const { columns, colors, top, labels, textOf, marks = [] } = stack;
  const [first, last] = [columns.at(0), columns.at(-1)];
  if (!first || !last) return;
  const frame = frameOf(
    {
      x: { from: first.from, to: last.to, textsOf: stepTexts, sizeMin: 1 },
      y: { from: 0, to: top, textsOf: (ticks) => ticks.map(textOf) },
      height,
      left: 52,
      right: labels ? LABEL_WIDTH : 24,
    },
    width,
  );
  const { plot, x, y } = frame;
  drawAxes(context, frame);
  const sums = columns.map(() => 0);
  clipTo(context, plot, () => {
    for (const [row, color] of colors.entries()) {
      context.beginPath();
      for (const [i, { from, to, values }] of columns.entries()) {
        const edge = y(sums[i] + values[row]);
        context.lineTo(x(from), edge);
        context.lineTo(x(to), edge);
      }
      for (const [i, { from, to, values }] of [...columns.entries()].reverse()) {
        context.lineTo(x(to), y(sums[i]));
        context.lineTo(x(from), y(sums[i]));
        sums[i] += values[row];
      }
      context.fillStyle = color;
      context.fill();
    }
  });
  for (const step of marks) drawVertical(context, frame, x(step), '--ink', [3, 3]);
  if (labels) drawLabels(context, labels, last.values, { right: plot.x + plot.width, y });
}

/** "step 1,000", "2,000". */
const stepTexts = (steps: readonly number[]): string[] =>
  shortNumbers(steps).map((step, i) => (i === 0 ? `step ${step}` : step));

/** Leaves out a text that would lie over the one before. */
function drawLabels(
  context: Context,
  labels: readonly (string | undefined)[],
  values: Float64Array,
  { right, y }: { right: number; y: (value: number) => number },
): void {
  beginText(context, 'left');
  let sum = 0;
  let free = Number.POSITIVE_INFINITY;
  for (const [row, label] of labels.entries()) {
    const middle = y(sum + values[row] / 2);
    sum += values[row];
    if (label === undefined || values[row] === 0 || middle + LABEL_HEIGHT / 2 > free) continue;
    write(context, '--ink', [label], [right + 6, middle]);
    free = middle - LABEL_HEIGHT / 2;
  }
}

const SHOWN: readonly (readonly [StepsShown, string])[] = [
  ['all', 'whole run'],
  ['newest', `newest ${NEWEST_STEPS} steps`],
];

/** Lets the user choose the steps of the charts over steps. */
export const chooseSteps = (ui: Ui): TemplateResult =>
  html`<div class="choose" role="group" aria-label="Steps that are shown">
    ${SHOWN.map(
      ([shown, text]) => html`<button
        class="quiet"
        aria-pressed=${ui.choices.stepsShown === shown}
        @click=${() => ui.change({ stepsShown: shown })}
      >
        ${text}
      </button>`,
    )}
  </div>`;
