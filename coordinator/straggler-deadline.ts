import type { RoundKind } from '../shared/workload.ts';
import { median } from './planner.ts';

/** How many recent shares and rounds the deadline is taken from. */
const WINDOW = 64;
/** Below so many shares nothing is known yet and the longest deadline holds: workers still warm up. */
const SHARES_MIN = 8;
/** How many median absolute deviations late is late. */
const DEVIATIONS = 8;
/** Late is late after so many median rounds, however much shares vary. */
const ROUNDS_MAX = 3.5;
/** A worker's first share takes longer: it compiles, and nobody knows its speed. */
const FIRST_SHARE_ROUNDS_MAX = 20;
const FIRST_SHARE_MIN_MS = 1_000;
/** A shorter delay is no straggler: a collection of garbage, a neighbour's burst. */
const DEADLINE_MIN_MS = 20;
const DEADLINE_MAX_MS = 30_000;

/**
 * When a share counts as late: expected time × (median + k·MAD) of how much longer than expected recent shares
 * took, and no later than a few median rounds. A share's expected time comes from its worker's own throughput, so a
 * steady slow worker is not late.
 */
export interface StragglerDeadline {
  /** A share that was expected to take `expectedMs` took `actualMs`. */
  recordShare(expectedMs: number, actualMs: number): void;
  /** A round took so long. */
  recordRound(kind: RoundKind, durationMs: number): void;
  /** How long a share may take; `expectedMs` is undefined for a worker that has not been measured. */
  deadlineMs(kind: RoundKind, expectedMs: number | undefined): number;
}

export function createStragglerDeadline(): StragglerDeadline {
  const ratios: number[] = [];
  const rounds: Record<RoundKind, number[]> = { train: [], validation: [], test: [] };
  const push = (values: number[], value: number) => {
    values.push(value);
    if (values.length > WINDOW) values.shift();
  };
  return {
    recordShare: (expectedMs, actualMs) => push(ratios, actualMs / expectedMs),
    recordRound: (kind, durationMs) => push(rounds[kind], durationMs),
    deadlineMs(kind, expectedMs) {
      if (ratios.length < SHARES_MIN || rounds[kind].length === 0) return DEADLINE_MAX_MS;
      const roundMs = median(rounds[kind]);
      if (expectedMs === undefined)
        return clamp(FIRST_SHARE_ROUNDS_MAX * roundMs, FIRST_SHARE_MIN_MS, DEADLINE_MAX_MS);
      const typical = median(ratios);
      const deviation = median(ratios.map((ratio) => Math.abs(ratio - typical)));
      const lateMs = expectedMs * (typical + DEVIATIONS * deviation);
      return clamp(Math.min(lateMs, ROUNDS_MAX * roundMs), DEADLINE_MIN_MS, DEADLINE_MAX_MS);
    },
  };
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
