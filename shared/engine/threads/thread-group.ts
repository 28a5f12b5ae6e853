import { awaitIdleAsync, type Desk, handOver, hasFailed } from './thread-desk.ts';
import { type ShareJob, writeShare } from './thread-jobs.ts';

/** Threads that sum shares together, while this one goes on with other things. */
export interface ThreadGroup {
  readonly size: number;
  /** Gives each job to a thread. Resolves to whether all are done; false if a thread has failed. */
  sum(jobs: readonly ShareJob[]): Promise<boolean>;
}

export function createThreadGroup(desks: readonly Desk[]): ThreadGroup {
  return {
    size: desks.length,
    async sum(jobs) {
      const busy = desks.slice(0, jobs.length);
      for (const [i, desk] of busy.entries()) {
        writeShare(desk.job, jobs[i]);
        handOver(desk);
      }
      for (const desk of busy) await awaitIdleAsync(desk);
      return !busy.some(hasFailed);
    },
  };
}
