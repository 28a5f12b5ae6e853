import type { FinishedRound, StepTimes } from '../../training/train.ts';
import { detailOf, type StepDetail } from './step-detail.ts';

/** A round that is over, as it is kept. */
export interface RecordedRound extends FinishedRound {
  /** The mean over the examples of a step; null for an evaluation. */
  readonly loss: number | null;
  readonly times: StepTimes;
}

type RankOf = (worker: string) => number | null;

/** The rounds whose details the dashboard shows. */
export interface RoundMemory {
  /** `end`: the number of steps that are recorded, with this one. */
  add(round: RecordedRound, end: number): void;
  /** The newest rounds, as many as an update has room for. */
  newest(rankOf: RankOf): StepDetail[];
  /**
   * The newest step in which leaves were given to a second worker, with its neighbors. Undefined if
   * there is none, or if it was there when `end` steps were recorded.
   */
  disturbedAfter(end: number, rankOf: RankOf): StepDetail[] | undefined;
}

/** So many rounds at most, and about so many shares and sums. */
const ROUNDS_MAX = 8;
const ENTRIES_MAX = 1500;

export function createRoundMemory(): RoundMemory {
  const newest: RecordedRound[] = [];
  let disturbed: { step: RecordedRound; rounds: RecordedRound[]; end: number } | undefined;
  const describe = (round: RecordedRound, rankOf: RankOf) =>
    detailOf(round, round.loss, round.times, rankOf);
  return {
    add(round, end) {
      const before = newest.at(-1);
      newest.push(round);
      if (newest.length > ROUNDS_MAX) newest.shift();
      if (isDisturbed(round))
        disturbed = { step: round, rounds: before ? [before, round] : [round], end };
      else if (disturbed && disturbed.step === before)
        disturbed = { step: before, rounds: [...disturbed.rounds, round], end };
    },
    newest(rankOf) {
      const chosen: StepDetail[] = [];
      let entries = 0;
      for (const round of newest.toReversed()) {
        const detail = describe(round, rankOf);
        entries += detail.shares.length + detail.arrivals.length + detail.work.length;
        if (chosen.length > 0 && entries > ENTRIES_MAX) break;
        chosen.unshift(detail);
      }
      return chosen;
    },
    disturbedAfter(end, rankOf) {
      if (!disturbed || disturbed.end <= end) return undefined;
      return disturbed.rounds.map((round) => describe(round, rankOf));
    },
  };
}

/** Whether leaves that a step needs were given to a worker more than once. */
function isDisturbed({ round, times, work }: RecordedRound): boolean {
  if (round.kind !== 'train') return false;
  const needed = times.assignments?.filter(({ purpose }) => purpose === 'need') ?? [];
  const given = needed.reduce((sum, { leaves: { lo, hi } }) => sum + hi - lo, 0);
  return given > work.reduce((sum, [lo, hi]) => sum + hi - lo, 0);
}
