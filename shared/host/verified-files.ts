import { handedOver, handOver } from './handed-over.ts';

/*
 * Which contents need not be hashed again.
 *
 * The problem. Hashing the dataset takes a third of the CPU time of a worker's start. Where workers
 * end and start again on the same machine, each of them hashes the same files.
 *
 * The rule. A process knows a content again by the stamp of its file: which file it is, and when it
 * was changed last. Every change of a file changes the stamp, also if its size and the time of its
 * content stay; see `stampOf` in `read-file.ts`. Stamps are kept in memory and handed to child
 * processes, and never written to a disk: each run hashes every file at least once.
 */

const VARIABLE = 'LOCKSTEP_VERIFIED_FILES';

let known: Set<string> | undefined;

function verified(): Set<string> {
  known ??= new Set(handedOver(VARIABLE));
  return known;
}

const entry = (stamp: string, sha256: string): string => `${stamp} ${sha256}`;

/** This process has computed the SHA-256 of the file that had this stamp while it was read. */
export function noteVerified(stamp: string, sha256: string): void {
  verified().add(entry(stamp, sha256));
}

/** Whether this process or its parent has found that this file has this SHA-256. */
export const isVerified = (stamp: string, sha256: string): boolean =>
  verified().has(entry(stamp, sha256));

/** Environment variables that tell a child process which files it need not hash again. */
export const handOverVerified = (): Record<string, string> => handOver(VARIABLE, [...verified()]);
