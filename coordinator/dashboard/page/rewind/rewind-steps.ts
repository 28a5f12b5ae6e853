import type { RunView } from '../../model/run-view.ts';
import { formatCount, formatTime } from '../format.ts';

/** The number of updates at which the known steps of a run begin. */
export const firstStepOf = ({ history }: RunView): number => history.all()[0]?.from ?? 0;

/**
 * The step that is shown after a part of the time in which the whole run plays; null at its end.
 * Steps have fractions here, so that slow playing gets on too.
 */
export function stepAfter(
  step: number,
  { first, last }: { readonly first: number; readonly last: number },
  part: number,
): number | null {
  const next = Math.max(first, step) + (last - first) * part;
  return next >= last ? null : next;
}

/** "step 812 of 1,290, 14:03:22". */
export function describeShown(shown: RunView, last: number): string {
  const step = `step ${formatCount(shown.status?.step ?? 0)} of ${formatCount(last)}`;
  const newest = shown.history.all().at(-1);
  return newest ? `${step}, ${formatTime(newest.endedAt)}` : step;
}
