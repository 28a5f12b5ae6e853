import { html, nothing, type TemplateResult } from 'lit-html';
import type { EpochRecord } from '../../../training/progress.ts';
import type { RunView } from '../../model/run-view.ts';
import { meanLoss, type StepBucket, speedOf } from '../../steps/step-history.ts';
import { nearestIndex } from '../chart/line-path.ts';
import { formatCount, formatLoss, formatPercent, formatR2, shortNumber } from '../format.ts';
import type { Panel } from '../panel/panel.ts';
import { type Canvas, pointedPart, showCanvas } from '../panel/picture.ts';
import { type CellOf, type Table, tableFrom } from '../panel/table.ts';
import type { Choices, Ui } from '../ui.ts';
import { unbroken } from '../unbroken.ts';
import {
  ACCURACY_HEIGHT,
  accuracyFrame,
  lossFrame,
  lossHeight,
  placeAt,
  placeBeside,
} from './curve-charts.ts';
import { drawAccuracy, drawLoss } from './curve-drawing.ts';
import { type CurveModel, curveModel, type Line } from './curve-model.ts';
import { curveNotes, learningSentence, marksSentence } from './curve-sentences.ts';
import { pointAt } from './curve-series.ts';
import { earlierRunsList } from './earlier-runs.ts';

/** Loss and accuracy, or R², over the steps, with what happened on the way. */
export const curves: Panel = {
  id: 'curves',
  name: 'Learning curves',
  title: learningSentence,
  body(view, ui) {
    const { choices } = ui;
    const model = modelOf(view, choices);
    if (!model) return html`<p class="quiet">The curves begin with the first step.</p>`;
    const { loss, accuracy } = chartsOf(model, learningSentence(view), choices);
    const pointed = pointedPart(loss, ui);
    const where = pointed === undefined ? 'newest' : FORMATS[choices.xAxis](pointed);
    const x = pointed ?? model.xs[model.xs.length - 1];
    const unit = view.facts?.loss.replace('-', ' ') ?? '';
    const quality = model.isR2 ? 'R² (1 is perfect, 0 is always the mean)' : 'accuracy';
    // The newest values change too often to be read out.
    const live = pointed === undefined ? 'off' : 'polite';
    const others = view.facts?.isFile ? nothing : earlierRunsList(ui);
    return html`<div class="controls">${controls(ui)} ${others}</div>
      <p class="readout loss" id="curves-story" aria-live=${live}>
        ${legendOf(`loss (${unit})`, model.loss.lines, x, formatLoss, where)}
      </p>
      ${showCanvas(loss, ui)}
      <p class="marks" aria-live=${live}>${marksSentence(model, pointed)}</p>
      <p class="readout accuracy" aria-live=${live}>
        ${legendOf(quality, model.accuracy.lines, x, model.isR2 ? formatR2 : formatPercent, '')}
      </p>
      ${showCanvas(accuracy, ui)}
      <p class="notes">${unbroken(curveNotes(view, model, choices).join(' '))}</p>`;
  },
  table: (view) => stepTable(view),
  secondTable: { name: 'epochs', table: (view) => epochTable(view) },
};

const X_AXES: readonly Choices['xAxis'][] = ['step', 'epoch', 'examples', 'seconds'];

function controls(ui: Ui): TemplateResult {
  const { xAxis, isLogX, isLogY } = ui.choices;
  const choose = ({ target }: Event) =>
    ui.change({ xAxis: (target as HTMLSelectElement).value as Choices['xAxis'] });
  const toggle = (name: string, isOn: boolean, change: Partial<Choices>) =>
    html`<button aria-pressed=${isOn} @click=${() => ui.change(change)}>${name}</button>`;
  return html`<label
      >x axis
      <select @change=${choose}>
        ${X_AXES.map((name) => html`<option .selected=${name === xAxis}>${name}</option>`)}
      </select></label
    >
    ${toggle('log x', isLogX, { isLogX: !isLogX })}
    ${toggle('log loss', isLogY, { isLogY: !isLogY })}`;
}

/** The newest model. The page is drawn more often than data arrive: when the pointer moves. */
let newest: { view: RunView; choices: string; model: CurveModel | undefined } | undefined;

function modelOf(view: RunView, choices: Choices): CurveModel | undefined {
  const { xAxis, isLogX, isLogY, earlierRuns, shownRuns } = choices;
  const key = [xAxis, isLogX, isLogY, earlierRuns.length, ...shownRuns].join();
  if (newest?.view !== view || newest.choices !== key)
    newest = { view, choices: key, model: curveModel(view, choices) };
  return newest.model;
}

/** The two charts. One crosshair goes through both. */
function chartsOf(
  model: CurveModel,
  title: string,
  choices: Choices,
): { loss: Canvas<number>; accuracy: Canvas<number> } {
  const both = {
    id: 'curves',
    keyOf: String,
    find: (key: string) => model.xs[nearestIndex(model.xs, Number(key))],
    beside: (place: number | undefined, arrow: string) => placeBeside(model, place, arrow),
  };
  const chart = (
    name: string,
    height: number,
    frameOf: typeof lossFrame,
    draw: typeof drawLoss,
  ): Canvas<number> => ({
    ...both,
    label: `${name}. ${title}`,
    height,
    at: (x, _, width) => placeAt(model, frameOf(model, choices, width), x),
    draw: (context, width, pointed) =>
      draw(context, frameOf(model, choices, width), model, pointed),
  });
  return {
    loss: chart('Loss', lossHeight(model), lossFrame, drawLoss),
    accuracy: chart(model.isR2 ? 'R²' : 'Accuracy', ACCURACY_HEIGHT, accuracyFrame, drawAccuracy),
  };
}

const FORMATS: Readonly<Record<Choices['xAxis'], (x: number) => string>> = {
  step: (x) => `step ${formatCount(x)}`,
  epoch: (x) => `epoch ${x.toFixed(2)}`,
  examples: (x) => `${formatCount(x)} examples`,
  seconds: (x) => `${x.toFixed(1)} s`,
};

function legendOf(
  name: string,
  lines: readonly Line[],
  x: number,
  format: (value: number) => string,
  where: string,
): TemplateResult {
  const entries = [...lines].sort((a, b) => Number(isMinor(a)) - Number(isMinor(b)));
  return html`<b>${name}</b>
    ${entries.map((line) => {
      const point = pointAt(line.points, x);
      if (!point) return '';
      return html`<span>
        <svg viewBox="0 0 24 8"><path
            class=${line.kind}
            .style=${`stroke-dasharray: ${line.dash}`}
            d="M0 4H24"
          /></svg>
        ${line.name} <span class="value">${format(point[1])}</span>
      </span>`;
    })}
    <span class="where">${where}</span>`;
}

const isMinor = ({ kind }: Line): boolean => kind === 'steps' || kind.startsWith('earlier');

/** The steps, those that are long ago several in a row. */
const stepTable = ({ facts, history }: RunView): Table =>
  tableFrom(history.all(), [
    ['step', ({ to }) => to, formatCount],
    ['steps', ({ from, to }) => to - from],
    ['epoch', ({ to }) => Math.ceil(to / (facts?.stepsPerEpoch ?? 1))],
    ['loss', meanLoss, formatLoss],
    ['smallest loss', ({ lossMin }) => lossMin, formatLoss],
    ['largest loss', ({ lossMax }) => lossMax, formatLoss],
    facts?.target === undefined
      ? ['accuracy', meanAccuracy, formatPercent]
      : ['R²', meanAccuracy, formatR2],
    ['learning rate', ({ learningRate }) => learningRate, (rate) => rate.toPrecision(4)],
    [{ name: 'speed', unit: 'examples/s' }, speedOf, formatCount],
    ['fewest workers', ({ worldSizeMin }) => worldSizeMin],
    ['most workers', ({ worldSizeMax }) => worldSizeMax],
  ]);

const meanAccuracy = ({ correctCount, examples }: StepBucket): number => correctCount / examples;

const ACCURACY_COLUMNS: readonly CellOf<EpochRecord>[] = [
  ['training accuracy', ({ trainAccuracy }) => trainAccuracy, formatPercent],
  ['validation accuracy', ({ validationAccuracy }) => validationAccuracy, formatPercent],
  ['test accuracy', ({ testAccuracy }) => testAccuracy, formatPercent],
];

/** RMSE and MAE in the unit of the target, and R², for each set. */
const ERROR_COLUMNS = (['train', 'validation', 'test'] as const).flatMap(
  (set): CellOf<EpochRecord>[] => {
    const name = set === 'train' ? 'training' : set;
    const errorsOf = (epoch: EpochRecord) => epoch[`${set}Errors`];
    return [
      [`${name} RMSE`, (epoch) => errorsOf(epoch)?.rmse ?? null, shortNumber],
      [`${name} MAE`, (epoch) => errorsOf(epoch)?.mae ?? null, shortNumber],
      [`${name} R²`, (epoch) => errorsOf(epoch)?.r2 ?? null, formatR2],
    ];
  },
);

const epochTable = ({ epochs, facts }: RunView): Table =>
  tableFrom(epochs, [
    ['epoch', ({ epoch }) => epoch],
    ['step', ({ step }) => step, formatCount],
    ['training loss', ({ trainLoss }) => trainLoss, formatLoss],
    ['validation loss', ({ validationLoss }) => validationLoss, formatLoss],
    ['test loss', ({ testLoss }) => testLoss, formatLoss],
    ...(facts?.target === undefined ? ACCURACY_COLUMNS : ERROR_COLUMNS),
    [{ name: 'time', unit: 's' }, ({ seconds }) => seconds, (seconds) => seconds.toFixed(2)],
  ]);
