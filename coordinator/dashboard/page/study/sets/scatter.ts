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

/** The root of the mean squared error and the mean absolute one, in the unit of the target. */
function errorsOf({ labels, predictions }: SetStudy, { target }: RegressionManifest) {
  let [squares, sizes] = [0, 0];
  for (const [i, label] of labels.entries()) {
    squares += (predictions[i] - label) ** 2;
    sizes += Math.abs(predictions[i] - label);
  }
  const { deviation } = target;
  const { length } = labels;
  return { rmse: deviation * Math.sqrt(squares / length), mae: (deviation * sizes) / length };
}

/** How far the predictions are from the targets, in a sentence. `which` says of which examples. */
export function scatterSentence(
  study: SetStudy,
  manifest: RegressionManifest,
  which: string,
): string {
  const { rmse, mae } = errorsOf(study, manifest);
  return (
    `The net is off by ${shortNumber(mae)} on average over ${which} ` +
    `(RMSE ${shortNumber(rmse)}). Always saying the mean is off by about ` +
    `${shortNumber(manifest.target.deviation)} (RMSE).`
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
