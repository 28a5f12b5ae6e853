import type { Clock } from '../../shared/clock.ts';
import {
  describeMicroBatches,
  describeParts,
  type LeafRange,
} from '../../shared/reduction-tree.ts';
import type { Round } from '../../shared/round/workload.ts';

/** A share that a worker has been asked for and has not answered yet. */
export interface PendingShare {
  readonly round: Round;
  readonly leaves: LeafRange;
  readonly exampleCount: number;
  /** Whether other workers compute its leaves anyway, because its worker is new. */
  readonly isTrial: boolean;
  /** When it began to be handed to the worker. */
  readonly sentAt: number;
  /** By the worker's own throughput; undefined until that is measured. */
  readonly expectedMs: number | undefined;
  readonly deadlineMs: number;
  cancelTimers(): void;
}

/** A worker is dropped when it has owed a share for this many deadlines, and at least this long. */
const STALL_DEADLINES = 10;
const STALL_MIN_MS = 60_000;

/** Starts the timers of a share that is sent now: `onLate` at the deadline, `onStalled` later. */
export function beginPendingShare(
  clock: Clock,
  details: Omit<PendingShare, 'cancelTimers'>,
  onLate: () => void,
  onStalled: (reason: string) => void,
): PendingShare {
  const { deadlineMs } = details;
  const stallMs = Math.max(STALL_MIN_MS, STALL_DEADLINES * deadlineMs);
  const cancelDeadline = clock.setTimer(deadlineMs, onLate);
  const cancelStall = clock.setTimer(stallMs, () => {
    onStalled(`has not answered for ${Math.round(stallMs / 1000)} s (${describeShare(details)})`);
  });
  return {
    ...details,
    cancelTimers() {
      cancelDeadline();
      cancelStall();
    },
  };
}

export const isSameRound = (a: Round, b: Round): boolean => a.kind === b.kind && a.step === b.step;

/** "step 12", "the test set after step 430". */
export function describeRound({ kind, step }: Round): string {
  return kind === 'train' ? `step ${step}` : `the ${kind} set after step ${step}`;
}

/** "micro-batches 4-7", "parts 4-7". */
export const describeLeaves = ({ kind }: Round, leaves: LeafRange): string =>
  kind === 'train' ? describeMicroBatches(leaves) : describeParts(leaves);

/** "micro-batches 4-7 of step 12", "parts 4-7 of the test set after step 430". */
export const describeShare = ({ leaves, round }: Pick<PendingShare, 'leaves' | 'round'>): string =>
  `${describeLeaves(round, leaves)} of ${describeRound(round)}`;
