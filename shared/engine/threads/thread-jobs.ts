import type { LeafRange } from '../../reduction-tree.ts';
import type { Call } from './split-exports.ts';
import { JOB_NUMBERS } from './thread-desk.ts';

/*
 * Jobs as numbers.
 *
 *   calls   0, number of calls, then per call: export, number of arguments, arguments
 *   share   1, round kind, step, lo, hi, address of the parameters, their number,
 *           number of addresses, addresses
 *
 * The results of a share are the addresses of its partial sums, in ascending order. The giver may
 * say where they shall be.
 */

const [CALLS, SHARE] = [0, 1];

/** A request to sum the leaves of a round. `kind` is an index into the kinds of rounds. */
export interface ShareJob {
  readonly kind: number;
  readonly step: number;
  readonly leaves: LeafRange;
  /** Byte address and number of the parameters. */
  readonly parameters: { readonly address: number; readonly length: number };
  /** Where to put the partial sums: byte addresses. Empty: where the thread likes. */
  readonly into: readonly number[];
}

export interface JobHandlers {
  readonly call: (call: Call) => void;
  /** Returns the byte addresses of the share's partial sums. */
  readonly share: (share: ShareJob) => readonly number[];
}

/** `names` are the exports' names, in an order that both threads know. */
export function writeCalls(
  job: Float64Array,
  calls: readonly Call[],
  names: readonly string[],
): void {
  const numbers = calls.flatMap(({ name, args }) => [names.indexOf(name), args.length, ...args]);
  job.set([CALLS, calls.length, ...numbers]);
}

export function writeShare(
  job: Float64Array,
  { kind, step, leaves, parameters, into }: ShareJob,
): void {
  const { address, length } = parameters;
  job.set([SHARE, kind, step, leaves.lo, leaves.hi, address, length, into.length, ...into]);
}

/** The addresses that the thread has written. */
export const readSums = (job: Float64Array): number[] => Array.from(job.subarray(1, 1 + job[0]));

/** Does a job, and writes its results over it. */
export function doJob(job: Float64Array, names: readonly string[], handlers: JobHandlers): void {
  if (job[0] === CALLS) {
    let at = 2;
    for (let i = 0; i < job[1]; i++) {
      const [name, count] = [names[job[at]], job[at + 1]];
      handlers.call({ name, args: Array.from(job.subarray(at + 2, at + 2 + count)) });
      at += 2 + count;
    }
    return;
  }
  const [, kind, step, lo, hi, address, length, count] = job;
  const into = Array.from(job.subarray(8, 8 + count));
  const parameters = { address, length };
  const sums = handlers.share({ kind, step, leaves: { lo, hi }, parameters, into });
  if (sums.length >= JOB_NUMBERS) throw new RangeError(`${sums.length} sums of one share`);
  job.set([sums.length, ...sums]);
}
