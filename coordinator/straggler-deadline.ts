import { median } from './planner.ts';

/** How many recent shares the deadline is taken from. */
const WINDOW = 64;
/** Below so many, nothing is known yet and the longest deadline holds: workers still warm up. */
const SHARES_MIN = 8;
/** How many median absolute deviations late is late. */
const DEVIATIONS = 8;
/** A machine's hiccup (a collection of garbage, a neighbour's burst) is not a straggler. */
const DEADLINE_MIN_MS = 250;
const DEADLINE_MAX_MS = 30_000;

/**
 * When a share counts as late: expected time × (median + k·MAD) of how much longer than expected recent shares
 * took. A share's expected time comes from its worker's own throughput, so a steady slow worker is not late.
 */
export interface StragglerDeadline {
  /** A share that was expected to take `expectedMs` took `actualMs`. */
  record(expectedMs: number, actualMs: number): void;
  /** How long a share may take; `expectedMs` is undefined for a worker that has not been measured. */
  deadlineMs(expectedMs: number | undefined): number;
}

export function createStragglerDeadline(): StragglerDeadline {
  const ratios: number[] = [];
  return {
    record(expectedMs, actualMs) {
      ratios.push(actualMs / expectedMs);
      if (ratios.length > WINDOW) ratios.shift();
    },
    deadlineMs(expectedMs) {
      if (expectedMs === undefined || ratios.length < SHARES_MIN) return DEADLINE_MAX_MS;
      const typical = median(ratios);
      const deviation = median(ratios.map((ratio) => Math.abs(ratio - typical)));
      const deadlineMs = expectedMs * (typical + DEVIATIONS * deviation);
      return Math.min(DEADLINE_MAX_MS, Math.max(DEADLINE_MIN_MS, deadlineMs));
    },
  };
}
