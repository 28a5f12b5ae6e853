import { html, type TemplateResult } from 'lit-html';
import type { RegressionManifest } from '../../../../../shared/data/manifest.ts';
import { inUnit } from '../../../../../shared/data/target.ts';
import type { SetStudy } from '../../../../../shared/study/set-study.ts';
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
  const all = [...study.labels, ...study.predictions].filter(Number.isFinite);
  const low = all.reduce((least, value) => Math.min(least, value), 0);
  const high = all.reduce((most, value) => Math.max(most, value), 0);
  const [from, to] = [low, high].map((value) =>
    shortNumber(inUnit(manifest, value)).replace('-', '−'),
  );
  return html`<canvas
      role="img"
      aria-label="Predicted ${name} over the true one, both from ${from} to ${to}."
      .style=${'display: block; width: min(100%, 480px); aspect-ratio: 1'}
      ${drawing((context, width, height) => {
        const scale = high - low || 1;
        const x = (value: number) => ((value - low) / scale) * width;
        const y = (value: number) => height - ((value - low) / scale) * height;
        context.strokeStyle = styleColor('--line');
        context.strokeRect(0.5, 0.5, width - 1, height - 1);
        context.beginPath();
        context.moveTo(0, height);
        context.lineTo(width, 0);
        context.stroke();
        context.fillStyle = styleColor('--accent');
        context.globalAlpha = study.labels.length > 500 ? 0.3 : 0.6;
        for (const [i, label] of study.labels.entries())
          context.fillRect(x(label) - 1.5, y(study.predictions[i]) - 1.5, 3, 3);
        context.globalAlpha = 1;
      })}
    ></canvas>
    <p class="quiet">
      To the right the true ${name}, upward the predicted one, both from ${from} to ${to}. On the
      line they are equal.
    </p>`;
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
