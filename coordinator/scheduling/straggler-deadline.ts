import type { RoundKind } from '../../shared/round/workload.ts';
import { median } from './planner.ts';

/** The number of recent shares, and of recent rounds of each kind, that determine the deadline. */
const WINDOW = 64;
/** The longest deadline holds until this many shares are recorded: workers still warm up. */
const SHARES_MIN = 8;
/** A share is late after this many median absolute deviations (MAD) above the median. */
const DEVIATIONS = 8;
/**
 * A share is not late before this many medians. Where all shares take the same time, the MAD is
 * almost 0, and a share that is a little late would be done before anybody else could compute it.
 */
const MEDIANS_MIN = 1.5;
/** A share is late after this many median rounds, even if the times of shares vary much. */
const ROUNDS_MAX = 3.5;
/** A worker's first share takes longer: its code is being compiled. Its speed is unknown. */
const FIRST_SHARE_ROUNDS_MAX = 20;
const FIRST_SHARE_MIN_MS = 1_000;
/** Garbage collection and other programs cause shorter delays. They do not make a straggler. */
const DEADLINE_MIN_MS = 20;
const DEADLINE_MAX_MS = 30_000;

/**
 * Decides when a share is late: after its expected time × (median + 8·MAD), and at the latest after
 * 3.5 median rounds. Median and MAD (the median absolute deviation) are those of the ratio of
 * actual to expected time, over recent shares. The expected time follows from the worker's own
 * throughput. So a slow but steady worker is not late. A share is not late before 1.5 medians.
 *
 * The deadline is never below 20 ms or above 30 s. It is 30 s while there are too few shares to
 * judge by. A worker that has not been measured yet gets 20 median rounds.
 */
export interface StragglerDeadline {
  /** Records that a share took `actualMs` instead of the expected `expectedMs`. */
  recordShare(expectedMs: number, actualMs: number): void;
  /** Records the duration of a round. */
  recordRound(kind: RoundKind, durationMs: number): void;
  /** The time that a share may take. `expectedMs` is undefined for a worker not measured yet. */
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
      const lateRatio = Math.max(MEDIANS_MIN * typical, typical + DEVIATIONS * deviation);
      const lateMs = expectedMs * lateRatio;
      return clamp(Math.min(lateMs, ROUNDS_MAX * roundMs), DEADLINE_MIN_MS, DEADLINE_MAX_MS);
    },
  };
}

const clamp = (value: number, min: number, max: number): number =>
  Math.min(max, Math.max(min, value));
