import { html, type TemplateResult } from 'lit-html';
import type { RegressionManifest } from '../../../../../shared/data/manifest.ts';
import { inUnit } from '../../../../../shared/data/target.ts';
import type { SetStudy } from '../../../../../shared/study/set-study.ts';
import { drawAxes, drawLine } from '../../chart/chart-drawing.ts';
import { frameOf } from '../../chart/chart-layout.ts';
import { shortNumbers } from '../../chart/scale.ts';
import { drawing } from '../../drawing/canvas.ts';
import { styleColor } from '../../drawing/colors.ts';
import { shortNumber } from '../../format.ts';
import { type Table, tableFrom } from '../../panel/table.ts';

/**
 * The mean absolute error and the root of the mean squared one, for people, in the unit of the
 * target. `differences` are those of standardized numbers.
 */
function errorText(differences: Float32Array, { target }: RegressionManifest): string {
  let [squares, sizes] = [0, 0];
  for (const difference of differences) {
    squares += difference ** 2;
    sizes += Math.abs(difference);
  }
  const { length } = differences;
  const [mae, rmse] = [sizes / length, Math.sqrt(squares / length)].map((error) =>
    shortNumber(target.deviation * error),
  );
  return `${mae} on average (RMSE ${rmse})`;
}

/** How far the predictions are from the targets, in a sentence. `which` says of which examples. */
export function scatterSentence(
  { labels, predictions }: SetStudy,
  manifest: RegressionManifest,
  which: string,
): string {
  // Targets are standardized: the mean of those for training is 0.
  const toMean = Float32Array.from(labels);
  const toPrediction = toMean.map((label, i) => label - predictions[i]);
  return (
    `Over ${which}, the net is off by ${errorText(toPrediction, manifest)}. ` +
    `Always saying the mean of the training examples is off by ${errorText(toMean, manifest)}.`
  );
}

/** Draws predictions over targets, both on one scale, and the line where they are equal. */
export function scatterPicture(study: SetStudy, manifest: RegressionManifest): TemplateResult {
  const { name } = manifest.target;
  const [targets, predictions] = [study.labels, study.predictions].map((values) =>
    Array.from(values, (value) => inUnit(manifest, value)),
  );
  const all = [...targets, ...predictions].filter(Number.isFinite);
  const from = all.reduce((least, value) => Math.min(least, value), manifest.target.mean);
  const to = all.reduce((most, value) => Math.max(most, value), manifest.target.mean);
  const [least, most] = [from, to].map((value) => shortNumber(value).replace('-', '−'));
  return html`<canvas
      role="img"
      aria-label="Predicted ${name} over the true one, both from ${least} to ${most}."
      .style=${'display: block; width: min(100%, 480px); aspect-ratio: 1'}
      ${drawing((context, width, height) => {
        const axis = { from, to: to > from ? to : from + 1, textsOf: shortNumbers };
        const [x, y] = [`true ${name}`, `predicted ${name}`].map((title) => ({ ...axis, title }));
        const frame = frameOf({ x, y, height }, width);
        drawAxes(context, frame);
        const equal = [from, axis.to].map((value) => [value, value] as const);
        drawLine(context, frame, equal, { color: '--quiet', width: 1 });
        context.fillStyle = styleColor('--accent');
        context.globalAlpha = targets.length > 500 ? 0.3 : 0.6;
        for (const [i, target] of targets.entries())
          context.fillRect(frame.x(target) - 1.5, frame.y(predictions[i]) - 1.5, 3, 3);
        context.globalAlpha = 1;
      })}
    ></canvas>
    <p class="quiet">On the line, the predicted ${name} is the true one.</p>`;
}

/** A row for each example. */
export const scatterTable = (study: SetStudy, manifest: RegressionManifest): Table =>
  tableFrom(
    [...study.labels.keys()],
    [
      ['example', (i) => i],
      ['target', (i) => inUnit(manifest, study.labels[i]), shortNumber],
      ['prediction', (i) => inUnit(manifest, study.predictions[i]), shortNumber],
    ],
  );
