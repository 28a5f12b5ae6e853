/** Something that happened to the cluster, for people and scripts; it decides nothing. */
export type PoolEvent =
  | { event: 'worker'; state: 'ready'; rank: number; name: string; pid?: number; worldSize: number }
  | {
      event: 'worker';
      state: 'left';
      rank: number;
      name: string;
      pid?: number;
      worldSize: number;
      reason: string;
    }
  | { event: 'notice'; code: 'late' | 'refused' | 'waiting' | 'not-finite'; message: string };

/** What went wrong and was put right, counted since the start. */
export interface PoolCounters {
  /** Answers to a round that is over. */
  staleAnswers: number;
  /** Answers that another worker had given first, or that were not asked for. */
  duplicateAnswers: number;
  /** Shares past their deadline, computed elsewhere too. */
  lateShares: number;
  /** Connections that were turned away at hello. */
  refusedWorkers: number;
  /** Workers that were ready and are gone, for whatever reason. */
  leftWorkers: number;
}

export const createCounters = (): PoolCounters => ({
  staleAnswers: 0,
  duplicateAnswers: 0,
  lateShares: 0,
  refusedWorkers: 0,
  leftWorkers: 0,
});
