import {
  accuracyOf,
  confusionOf,
  mostFrequentConfusion,
  onlyPrediction,
  type SetStudy,
} from '../../../../../shared/study/set-study.ts';
import { formatPercent } from '../../format.ts';
import { type Table, tableFrom } from '../../panel/table.ts';
import { asSentence } from '../sentence.ts';

/** A confusion matrix, without a document. */
export interface ConfusionModel {
  readonly names: readonly string[];
  /** `counts[label][prediction]` */
  readonly counts: readonly (readonly number[])[];
  /** The number of examples with each label. */
  readonly totals: readonly number[];
}

/** A cell of the matrix. */
export interface Cell {
  readonly label: number;
  readonly prediction: number;
}

export function confusionModel(study: SetStudy, names: readonly string[]): ConfusionModel {
  const counts = confusionOf(study, names.length);
  return { names, counts, totals: counts.map((row) => row.reduce((sum, count) => sum + count, 0)) };
}

/** The part of the examples with this label that have this prediction; 0 if there are none. */
export const partOf = ({ counts, totals }: ConfusionModel, { label, prediction }: Cell): number =>
  totals[label] === 0 ? 0 : counts[label][prediction] / totals[label];

/** What the matrix shows, in a sentence. `which` says of which examples. */
export function confusionSentence(
  study: SetStudy,
  names: readonly string[],
  which: string,
): string {
  const only = onlyPrediction(study);
  if (only !== undefined)
    return `The net says “${names[only]}” for every example, whatever it sees.`;
  const right = `${formatPercent(accuracyOf(study))} of ${which} are right.`;
  const most = mostFrequentConfusion(confusionOf(study, names.length));
  if (!most) return `${right} The net confuses nothing.`;
  const { label, prediction, part } = most;
  const cases = `in ${formatPercent(part, 0)} of cases`;
  const taken = `${names[label]} is taken for ${names[prediction]}`;
  return `${asSentence(taken)} ${cases}. ${right}`;
}

/** What a cell says, in a sentence. */
export function cellStory(model: ConfusionModel, cell: Cell): string {
  const { names, counts, totals } = model;
  const { label, prediction } = cell;
  const count = `${counts[label][prediction]} of ${totals[label]}`;
  const part = formatPercent(partOf(model, cell));
  const name = asSentence(names[label]);
  if (label === prediction) return `${name}: ${count} are recognized, ${part}.`;
  return `${name} is taken for ${names[prediction]}: ${count}, ${part}.`;
}

/** The cell that is shown first: the most frequent confusion, or a class that is always right. */
export function firstCell({ counts }: ConfusionModel): Cell {
  return mostFrequentConfusion(counts) ?? { label: 0, prediction: 0 };
}

/** A row for each class, with its accuracy and what it is taken for. */
export const confusionTable = (model: ConfusionModel): Table =>
  tableFrom(
    model.names.map((name, label) => ({ name, label })),
    [
      ['class', ({ name }) => name],
      ['examples', ({ label }) => model.totals[label]],
      [
        'accuracy',
        ({ label }) =>
          model.totals[label] === 0 ? null : partOf(model, { label, prediction: label }),
        (part) => formatPercent(part),
      ],
      ...model.names.map(
        (name, prediction) =>
          [
            `taken for ${name}`,
            ({ label }: { label: number }) => model.counts[label][prediction],
          ] as const,
      ),
    ],
  );

/* Where the cells are, in CSS pixels. */

export const TOP = 24;
const LEFT_MAX = 104;
const CELL_MAX = 44;

export interface Grid {
  readonly left: number;
  readonly cell: number;
}

export function gridOf({ names }: ConfusionModel, width: number): Grid {
  const left = Math.min(LEFT_MAX, width / 4);
  return { left, cell: Math.min(CELL_MAX, (width - left) / names.length) };
}

/** The height of the picture in a window of some width. */
export function gridHeight(model: ConfusionModel, windowWidth: number): number {
  return Math.ceil(TOP + gridOf(model, windowWidth - 32).cell * model.names.length);
}

export function cellAt(
  model: ConfusionModel,
  x: number,
  y: number,
  width: number,
): Cell | undefined {
  const { left, cell } = gridOf(model, width);
  const [prediction, label] = [Math.floor((x - left) / cell), Math.floor((y - TOP) / cell)];
  const isInside = (place: number) => place >= 0 && place < model.names.length;
  return isInside(prediction) && isInside(label) ? { label, prediction } : undefined;
}

/** The cell that an arrow key leads to. */
export function cellBeside(model: ConfusionModel, cell: Cell | undefined, arrow: string): Cell {
  if (!cell) return firstCell(model);
  const clamp = (place: number) => Math.max(0, Math.min(model.names.length - 1, place));
  const right = arrow === 'ArrowRight' ? 1 : arrow === 'ArrowLeft' ? -1 : 0;
  const down = arrow === 'ArrowDown' ? 1 : arrow === 'ArrowUp' ? -1 : 0;
  return { label: clamp(cell.label + down), prediction: clamp(cell.prediction + right) };
}
