import { LockstepError } from '../../errors.ts';
import type { Call, CallTeam } from './split-exports.ts';
import { awaitIdle, type Desk, handOver, hasFailed, isIdle } from './thread-desk.ts';
import { readSums, type ShareJob, writeCalls, writeShare } from './thread-jobs.ts';

/** A job of calls takes milliseconds. A thread that takes so long has died. */
const CALLS_TIMEOUT_MS = 20_000;
/** How long to sleep at most before the event loop gets a turn. */
const SLEEP_MS = 1;

/**
 * The threads that work for this one. Each has an engine of its own in the same memory. A thread
 * that has not started yet is not there, and this thread does its work.
 */
export interface ThreadTeam extends CallTeam {
  /** Gives the share to the thread with this number, from 0. It must be free. */
  begin(thread: number, share: ShareJob): void;
  /**
   * Waits a moment for the thread. Returns the addresses of its sums, or undefined if it is not
   * done. Throws an `ENGINE` error if a thread has failed.
   */
  awaitSums(thread: number): number[] | undefined;
  /** Nobody asks for sums that were begun anymore. Their threads are free when they are done. */
  abandon(): void;
}

export interface GrowingTeam extends ThreadTeam {
  /** A thread is ready. */
  add(desk: Desk): void;
  /** A thread has ended, for this reason. */
  remove(desk: Desk, reason: string): void;
}

/** `names` are those of the engine's exports; `own` calls one in this thread. */
export function createThreadTeam(
  names: readonly string[],
  own: (call: Call) => void,
  now: () => number,
): GrowingTeam {
  const desks: Desk[] = [];
  /** The desks with sums that were not read yet: no other job may overwrite them. */
  const owing = new Set<Desk>();
  let failure: string | undefined;
  const check = (desk: Desk) => {
    if (failure === undefined && hasFailed(desk)) failure = 'it ended with an error';
    if (failure !== undefined)
      throw new LockstepError('ENGINE', `a thread has failed: ${failure}. Try --threads 1.`);
  };
  return {
    add: (desk) => void desks.push(desk),
    remove(desk, reason) {
      const index = desks.indexOf(desk);
      if (index < 0) return;
      // A share that is under way cannot be finished without it.
      if (!isIdle(desk) || owing.size > 0) failure ??= reason;
      desks.splice(index, 1);
    },
    freeCount: () => (owing.size === 0 && desks.every(isIdle) ? 1 + desks.length : 1),
    run([first, ...others]) {
      for (const [i, calls] of others.entries()) {
        writeCalls(desks[i].job, calls, names);
        handOver(desks[i]);
      }
      for (const call of first) own(call);
      for (const desk of desks.slice(0, others.length)) {
        const isDone = awaitIdle(desk, CALLS_TIMEOUT_MS, now);
        check(desk);
        if (!isDone)
          throw new LockstepError('ENGINE', 'a thread does not answer: try --threads 1.');
      }
    },
    begin(thread, share) {
      const desk = desks[thread];
      check(desk);
      owing.add(desk);
      writeShare(desk.job, share);
      handOver(desk);
    },
    awaitSums(thread) {
      const desk = desks[thread];
      check(desk);
      const isDone = awaitIdle(desk, SLEEP_MS, now);
      check(desk);
      if (!isDone) return undefined;
      owing.delete(desk);
      return readSums(desk.job);
    },
    abandon: () => owing.clear(),
  };
}
