import type { Clock } from '../shared/clock.ts';
import { describeLeaves, type LeafRange } from '../shared/reduction-tree.ts';
import type { Round } from '../shared/workload.ts';

/** A share that a worker owes. */
export interface Assignment {
  readonly round: Round;
  readonly share: LeafRange;
  readonly exampleCount: number;
  readonly sentAt: number;
  /** By the worker's own throughput; undefined until that is measured. */
  readonly expectedMs: number | undefined;
  isLate: boolean;
  cancelTimers(): void;
}

/** A worker that owes a share for so many deadlines, and for at least so long, is dropped; it may come back. */
const STALL_DEADLINES = 10;
const STALL_MIN_MS = 60_000;

/** A share that is handed over now; tells when it is late, and when it has been owed for far too long. */
export function beginAssignment(
  clock: Clock,
  owed: Pick<Assignment, 'round' | 'share' | 'exampleCount' | 'expectedMs'>,
  deadlineMs: number,
  onLate: (assignment: Assignment) => void,
  onStalled: (reason: string) => void,
): Assignment {
  const stallMs = Math.max(STALL_MIN_MS, STALL_DEADLINES * deadlineMs);
  const cancelDeadline = clock.setTimer(deadlineMs, () => {
    assignment.isLate = true;
    onLate(assignment);
  });
  const cancelStall = clock.setTimer(stallMs, () => {
    onStalled(`owes ${describeShare(assignment)} for ${Math.round(stallMs / 1000)} s`);
  });
  const assignment: Assignment = {
    ...owed,
    sentAt: clock.now(),
    isLate: false,
    cancelTimers() {
      cancelDeadline();
      cancelStall();
    },
  };
  return assignment;
}

export const isSameRound = (a: Round, b: Round): boolean => a.kind === b.kind && a.step === b.step;

/** Whether its worker works on a share of this round, in time. */
export const isTimely = (assignment: Assignment, round: Round): boolean =>
  !assignment.isLate && isSameRound(assignment.round, round);

/** "step 12", "the test set after step 430". */
export function describeRound({ kind, step }: Round): string {
  return kind === 'train' ? `step ${step}` : `the ${kind} set after step ${step}`;
}

/** "micro-batches 4-7 of step 12". */
export const describeShare = ({ share, round }: Assignment): string =>
  `${describeLeaves(share)} of ${describeRound(round)}`;
