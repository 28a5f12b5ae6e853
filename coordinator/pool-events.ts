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
  | { event: 'notice'; code: PoolNotice; message: string };

/**
 * A decision, and why: `late`: a share is computed elsewhere too; `reassigned`: what a lost worker owed goes to others;
 * `waiting`: nobody gets on; `refused`: a worker was turned away; `audit`: about sums that are computed twice.
 */
export type PoolNotice = 'late' | 'reassigned' | 'waiting' | 'refused' | 'audit';

/** What happened to the cluster, counted since the start. */
export interface PoolCounters {
  /** Workers that were ready, and those of them that are gone, for whatever reason. */
  joinedWorkers: number;
  leftWorkers: number;
  /** Connections that were turned away at hello. */
  refusedWorkers: number;
  /** Shares past their deadline. */
  lateShares: number;
  /** Shares that were computed elsewhere because they were late or their worker was lost. */
  reassignedShares: number;
  /** Answers to a round that is over. */
  staleAnswers: number;
  /** Answers that another worker had given first, or that were not asked for. */
  duplicateAnswers: number;
  /** Sums that were computed twice and compared, and those that were wrong. */
  auditedSums: number;
  wrongSums: number;
  /** Of all frames to and from workers. */
  sentBytes: number;
  receivedBytes: number;
}

export const createCounters = (): PoolCounters => ({
  joinedWorkers: 0,
  leftWorkers: 0,
  refusedWorkers: 0,
  lateShares: 0,
  reassignedShares: 0,
  staleAnswers: 0,
  duplicateAnswers: 0,
  auditedSums: 0,
  wrongSums: 0,
  sentBytes: 0,
  receivedBytes: 0,
});
