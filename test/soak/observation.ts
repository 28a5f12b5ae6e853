/** What an honest user sees in a phase of the attack. */
export interface Observation {
  readonly phase: string;
  /** How long `/healthz` took, until it answered, in ms. */
  readonly healthMs: number[];
  /** Requests that were broken off, and were made again. */
  brokenRequests: number;
  /** From a worker's start until it connects, in ms. */
  readonly startMs: number[];
  /** From then on until it is ready, in ms. */
  readonly joinMs: number[];
  /** How each worker ended that was not ready after 20 s. */
  readonly lostWorkers: string[];
}

/** The parent's word that the last phase is over. */
export const OVER = 'over';
