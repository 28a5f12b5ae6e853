import { STEP_PARTS, type StepBreakdown } from '../../training/step-breakdown.ts';
import type { StepBucket } from './step-history.ts';

/** The mean is over so many timed steps at least, if there are so many. */
const STEPS_MIN = 64;

/** The mean parts of the newest steps, and over how many. Undefined if no step was timed. */
export function newestBreakdown(
  buckets: readonly StepBucket[],
): { parts: StepBreakdown; steps: number } | undefined {
  const sums = STEP_PARTS.map(() => 0);
  let steps = 0;
  for (let i = buckets.length - 1; i >= 0 && steps < STEPS_MIN; i--) {
    steps += buckets[i].timedSteps;
    for (const [part, ms] of buckets[i].parts.entries()) sums[part] += ms;
  }
  if (steps === 0) return undefined;
  const [compute, slowest, broadcast, serialise, wire, reduce, update, between] = sums.map(
    (sum) => sum / steps,
  );
  return {
    parts: { compute, slowest, broadcast, serialise, wire, reduce, update, between },
    steps,
  };
}
