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
