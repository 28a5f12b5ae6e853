import { learningTrend } from '../../../training/learning-trend.ts';
import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatLoss, formatPercent, formatQuantity } from '../format.ts';
import type { Choices } from '../ui.ts';
import { type Chart, type CurveModel, smoothedSteps } from './curve-model.ts';

/** What the losses tell now: whether the model still learns, stalls or overfits. */
export function learningSentence({ status, facts, epochs }: RunView): string {
  if (!status || status.step === 0) return 'No step is done yet.';
  if (status.state === 'failed' && status.end) return asSentence(status.end.message);
  const trend = learningTrend(epochs, facts?.validationExamples ?? 0);
  switch (trend.kind) {
    case 'unknown': {
      const after = formatQuantity(status.step, 'step');
      const none = facts?.validationExamples === 0 ? ', and no examples are held out' : '';
      return `The recent training loss is ${formatLoss(status.trainLoss)} after ${after}${none}.`;
    }
    case 'falling': {
      const { epoch, validationLoss } = trend.last;
      const loss = formatLoss(validationLoss);
      if (epoch === 1) return `The validation loss is ${loss} after the first epoch.`;
      const is = status.end ? 'fell to the end' : 'is still falling';
      return `The validation loss ${is}: ${loss} after epoch ${epoch}.`;
    }
    case 'stalled': {
      const { best, last } = trend;
      const since = formatQuantity(last.epoch - best.epoch, 'epoch');
      return (
        `The validation loss has not improved for ${since}: ` +
        `${formatLoss(best.validationLoss)} after epoch ${best.epoch} is the best.`
      );
    }
    case 'overfitting': {
      const { best, last } = trend;
      return (
        `The model overfits since epoch ${best.epoch}: validation loss rose from ` +
        `${formatLoss(best.validationLoss)} to ${formatLoss(last.validationLoss)}, while ` +
        `training loss fell from ${formatLoss(best.trainLoss)} to ${formatLoss(last.trainLoss)}.`
      );
    }
  }
}

const asSentence = (text: string): string =>
  text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, '.');

/** What a reader must know to read the curves right. */
export function curveNotes(
  { facts, status, history }: RunView,
  model: CurveModel,
  choices: Pick<Choices, 'xAxis' | 'shownRuns'>,
): string[] {
  const { loss, accuracy, isR2, best } = model;
  const notes: string[] = [];
  if (best && facts) notes.push(...stopNotes(best.epoch, facts.earlyStopping, status?.end != null));
  if (isOutside(loss)) {
    const [least, most] = loss.extremes.map((value) => value.toPrecision(2));
    notes.push(`The losses of single steps go from ${least} to ${most}: log loss shows them all.`);
  }
  if (isOutside(accuracy)) {
    const [least, most] = accuracy.extremes.map((value) =>
      isR2 ? value.toPrecision(2) : formatPercent(value, 0),
    );
    notes.push(
      `The ${isR2 ? 'values of R²' : 'accuracies'} of single steps go from ${least} to ${most}.`,
    );
  }
  const steps = smoothedSteps((status?.step ?? 0) - (history.all()[0]?.from ?? 0));
  if (steps > 1)
    notes.push(`The strong training lines are means over about ${formatCount(steps)} steps.`);
  if (choices.xAxis === 'seconds' && choices.shownRuns.size > 0)
    notes.push('The seconds of the other runs include their evaluations.');
  return notes;
}

const isOutside = ({ extremes: [least, most], range: [low, high] }: Chart): boolean =>
  least < low || most > high;

function stopNotes(best: number, patience: number | null, isOver: boolean): string[] {
  const which = `Epoch ${best} has the lowest validation loss`;
  if (patience === null || isOver) return [`${which}.`];
  return [
    `${which}. Early stopping ends the run after epoch ${best + patience}, unless one is better.`,
  ];
}

/** What happened near `x`; without it, how often each kind of mark is there. */
export function marksSentence({ rows, xRange }: CurveModel, x: number | undefined): string {
  if (x === undefined)
    return rows
      .map(({ mark, marks }) => `${sum(marks.map(({ of }) => of.count))} ${mark}`)
      .join(' · ');
  const near = (xRange[1] - xRange[0]) / 100;
  const found = rows
    .flatMap(({ marks }) => marks)
    .filter(({ from, to }) => from - near <= x && x <= to + near)
    .sort((a, b) => a.of.id - b.of.id);
  const [first] = found;
  if (!first) return rows.length > 0 ? 'nothing happened here' : '';
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  return `step ${formatCount(first.of.step)}: ${first.of.message}${more}`;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
