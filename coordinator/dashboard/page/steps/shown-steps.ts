import type { RunView } from '../../model/run-view.ts';
import type { StepDetail } from '../../steps/step-detail.ts';
import type { Choices } from '../ui.ts';
import { fatesOf } from './share-fates.ts';

/** Steps that take longer are shown while they are under way. */
const SLOW_MS = 500;
/** Pictures of fast steps stay this long, so that people can read them. */
const READ_MS = 1000;

type View = Pick<RunView, 'cursor' | 'details' | 'disturbed' | 'time'>;
type Chosen = Pick<Choices, 'isPaused' | 'showsDisturbed' | 'pointed'>;

/**
 * Chooses the steps that the timeline and the tree show. They stay while the user has paused them,
 * points at one of them, or has asked for a disturbed step.
 */
export function createShownSteps(): (view: View, choices: Chosen) => readonly StepDetail[] {
  let shown: { details: readonly StepDetail[]; time: number; key: string } | undefined;
  return ({ cursor, details, disturbed, time }, { isPaused, showsDisturbed, pointed }) => {
    const isOld = showsDisturbed && disturbed.length > 0;
    const key = `${isOld} ${cursor?.source}`;
    const newest = isOld ? disturbed : withoutFastStepUnderWay(details);
    const isFresh = shown && isFast(newest) && Math.abs(time - shown.time) < READ_MS;
    const isHeld = isOld || isPaused || pointed !== undefined || isFresh;
    if (shown?.key !== key || shown.details.length === 0 || !isHeld)
      shown = { details: newest, time, key };
    return shown.details;
  };
}

/** The steps that are shown now. */
export const shownSteps = createShownSteps();

/** Whether a share of the step was computed again. */
export const isDisturbed = (detail: StepDetail): boolean =>
  fatesOf(detail).some(({ replaces }) => replaces);

/** The step whose tree is shown: the newest, or the one in which a share was computed again. */
export function treeStepOf(
  details: readonly StepDetail[],
  showsDisturbed: boolean,
): StepDetail | undefined {
  const steps = details.filter(({ kind }) => kind === 'train');
  return (showsDisturbed ? steps.find(isDisturbed) : undefined) ?? steps.at(-1);
}

/** Half of a fast step teaches nothing. */
function withoutFastStepUnderWay(details: readonly StepDetail[]): readonly StepDetail[] {
  const isUnderWay = details.at(-1)?.isDone === false;
  return isUnderWay && details.length > 1 && isFast(details.slice(-2))
    ? details.slice(0, -1)
    : details;
}

const isFast = (details: readonly StepDetail[]): boolean =>
  details.every(({ milliseconds }) => milliseconds <= SLOW_MS);
