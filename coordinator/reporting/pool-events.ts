/** An event of the cluster, for people and scripts. No decision depends on it. */
export type PoolEvent =
  | {
      event: 'worker';
      state: 'ready';
      rank: number;
      name: string;
      pid?: number;
      /** See `WorkerFigures`. Absent in the records of older runs. */
      runtime?: string;
      worldSize: number;
    }
  | {
      event: 'worker';
      state: 'left';
      rank: number;
      name: string;
      pid?: number;
      worldSize: number;
      /** For people. At the end of a run one of `RUN_ENDS`. */
      reason: string;
    }
  | { event: 'notice'; code: PoolNotice; message: string };

/** The reasons of all workers to leave at the end of a run; see `RunEnd`. */
export const RUN_ENDS: readonly string[] = ['finished', 'stopping', 'failed'];

/** The reason of a worker that was expelled begins so. */
export const WRONG_SUM = 'it gave a wrong sum';

/**
 * A decision of the coordinator. The notice's message gives the reason.
 *
 * - `late`: a share is past its deadline. Other workers compute it too, as soon as one is free.
 * - `reassigned`: a worker is lost. Other workers get its share, as soon as one is free.
 * - `waiting`: a round takes long, or no worker is left.
 * - `refused`: a worker was refused before its first share.
 * - `unready`: a worker was admitted, and went before it was ready.
 * - `crowded`: there are more workers than micro-batches.
 * - `audit`: a worker is expelled for a wrong sum, or no second worker can check a sum.
 * - `certificate`: the coordinator's certificate was replaced, or could not be.
 * - `fault`: an error of Lockstep itself ended a connection.
 */
export type PoolNotice =
  | 'certificate'
  | 'late'
  | 'reassigned'
  | 'waiting'
  | 'refused'
  | 'unready'
  | 'crowded'
  | 'audit'
  | 'fault';

/** Why a worker is refused before its first share. */
export const REFUSALS = [
  /** The worker gave a wrong sum before. */
  'expelled',
  /** Several workers of its address gave wrong sums. */
  'address',
  /** It speaks another version of the protocol. */
  'version',
  /** It gave no token, or a wrong one. */
  'token',
  /** It cannot compute the run's numerics. */
  'numerics',
  /** It computes other bits than the run's. */
  'arithmetic',
  /** There are as many workers as there may be. It may come back. */
  'full',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How often workers were refused since the start, by reason. */
export type RefusalCounters = Record<Refusal, number>;

export const createRefusalCounters = (): RefusalCounters => ({
  expelled: 0,
  address: 0,
  version: 0,
  token: 0,
  numerics: 0,
  arithmetic: 0,
  full: 0,
});

/** The cluster's counters. All count since the start. */
export interface PoolCounters {
  /** Workers that became ready. */
  joinedWorkers: number;
  /** Workers that were ready and are gone, for any reason. */
  leftWorkers: number;
  /** Workers that were refused before their first share, except those that were one too many. */
  refusedWorkers: number;
  /** Workers that were admitted and went before they were ready. */
  unreadyWorkers: number;
  /** Shares past their deadline. */
  lateShares: number;
  /** Shares assigned in place of one that was late, lost or wrong. */
  reassignedShares: number;
  /** Leaves assigned again because the worker that had them was late. */
  lateLeaves: number;
  /** Leaves assigned again because the worker that had them was gone. */
  lostLeaves: number;
  /** Leaves assigned again because their sums were discarded. */
  discardedLeaves: number;
  /** Shares that newcomers computed beside other workers. */
  trialShares: number;
  /** Sums for a round that is over. */
  staleAnswers: number;
  /** Sums that another worker had given first, or that were not asked for. */
  duplicateAnswers: number;
  /** Sums that were compared with a second computation. */
  auditedSums: number;
  /** Audits that found no wrong sum. */
  passedAudits: number;
  /** Sums that were wrong. */
  wrongSums: number;
  /** The bytes of all frames to workers. */
  sentBytes: number;
  /** The bytes of all frames from workers. */
  receivedBytes: number;
}

export const createCounters = (): PoolCounters => ({
  joinedWorkers: 0,
  leftWorkers: 0,
  refusedWorkers: 0,
  unreadyWorkers: 0,
  lateShares: 0,
  reassignedShares: 0,
  lateLeaves: 0,
  lostLeaves: 0,
  discardedLeaves: 0,
  trialShares: 0,
  staleAnswers: 0,
  duplicateAnswers: 0,
  auditedSums: 0,
  passedAudits: 0,
  wrongSums: 0,
  sentBytes: 0,
  receivedBytes: 0,
});

/** The counters of two coordinators of one run together. Null: nothing is known of it. */
export function addCounters(a: PoolCounters | null, b: PoolCounters | null): PoolCounters | null {
  if (!a || !b) return a ?? b;
  const sum = createCounters();
  // Records of an older version may lack some.
  for (const name of Object.keys(sum) as (keyof PoolCounters)[])
    sum[name] = (a[name] ?? 0) + (b[name] ?? 0);
  return sum;
}

/** What is known of an admitted worker, for people. */
export interface WorkerFigures {
  readonly rank: number;
  readonly name: string;
  readonly pid?: number;
  readonly state: 'preparing' | 'idle' | 'computing' | 'late' | 'leaving';
  /** In the coordinator's process, on its machine, or elsewhere. */
  readonly place: 'process' | 'machine' | 'network';
  /** Null in the coordinator's process. */
  readonly address: string | null;
  /** `node`, or `browser` and the browser's name, as it says. */
  readonly runtime: string;
  /** Null if it does not say. */
  readonly threads: number | null;
  /** Whether it is a browser's tab that is hidden. Null if it has no page, or does not say. */
  readonly isHidden: boolean | null;
  /** Null until measured. */
  readonly examplesPerSecond: number | null;
  /** The micro-batches that it was asked for in the newest step: its part, and copies. */
  readonly microBatches: number;
  readonly answeredShares: number;
  readonly lateShares: number;
  /** Its sums that a second computation has confirmed. */
  readonly checkedSums: number;
  /** The bytes of all frames to it, and from it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}
