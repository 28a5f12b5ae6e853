import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { STEP_PARTS, type StepBreakdown } from '../../../training/step-breakdown.ts';
import { newestBreakdown } from '../../steps/newest-breakdown.ts';
import { PART_WORDS, wholeOf } from '../../steps/step-parts.ts';
import { drawing } from '../drawing/canvas.ts';
import { partColor } from '../drawing/colors.ts';
import { formatMs, formatPercent, formatQuantity } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { addParts, PART_ROWS, partsTable, partsTitle, toMeans, topOf } from './parts-text.ts';
import { chooseSteps, drawStack } from './stack-drawing.ts';
import { columnsOf, shownBuckets } from './step-columns.ts';
import { swatch } from './swatch.ts';

/** Where the time of a step goes. */
export const parts: Panel = {
  id: 'parts',
  name: 'Where a step goes',
  title: partsTitle,
  body(view, ui) {
    const buckets = view.history.all();
    const newest = newestBreakdown(buckets);
    if (!newest) return html``;
    const timed = shownBuckets(buckets, ui.choices.stepsShown).filter(
      (each) => each.timedSteps > 0,
    );
    const { top, isCut } = topOf(timed);
    return html`<canvas
        class="stack"
        role="img"
        aria-label=${partsTitle(view)}
        ${drawing((context, width, height) => {
          const columns = columnsOf(timed, width / 2, PART_ROWS, addParts);
          for (const { values } of columns) toMeans(values);
          drawStack(context, width, height, {
            columns,
            colors: STEP_PARTS.map((_, part) => partColor(part)),
            top,
            textOf: msText,
          });
        })}
      ></canvas>
      ${chooseSteps(ui)} ${barOf(newest.parts)}
      <div class="parts">${STEP_PARTS.map((part) => lineOf(part, newest.parts))}</div>
      <p class="hint">
        The mean over the newest ${formatQuantity(newest.steps, 'step')}.
        ${isCut ? 'The chart cuts the longest steps.' : nothing}
      </p>`;
  },
  table: partsTable,
};

/** "0", "0.5 ms", "20 ms". */
const msText = (ms: number): string => (ms === 0 ? '0' : `${Number(ms.toPrecision(3))} ms`);

/** The parts as one bar. */
function barOf(newest: StepBreakdown): TemplateResult {
  const whole = wholeOf(newest);
  let x = 0;
  const rects = STEP_PARTS.map((part, i) => {
    const width = newest[part] / whole;
    x += width;
    return svg`<rect x=${x - width} width=${width} height="1" fill=${partColor(i)} />`;
  });
  return html`<svg class="bar" preserveAspectRatio="none" viewBox="0 0 1 1" aria-hidden="true">
    ${rects}
  </svg>`;
}

/** A part with its time. A click tells what it is. */
function lineOf(part: keyof StepBreakdown, newest: StepBreakdown): TemplateResult {
  const { name, meaning } = PART_WORDS[part];
  return html`<details>
    <summary title=${meaning}>
      ${swatch(partColor(STEP_PARTS.indexOf(part)))} ${name}
      <span>${formatMs(newest[part])}</span>
      <span>${formatPercent(newest[part] / wholeOf(newest))}</span>
    </summary>
    <p>${meaning}</p>
  </details>`;
}
