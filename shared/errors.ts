/**
 * Why an expected failure happened; stable, for scripts and tests.
 *
 * | code | what failed |
 * | --- | --- |
 * | `USAGE` | a flag or an environment variable |
 * | `DATA` | a data file, or getting one |
 * | `CHECKPOINT` | a checkpoint or a run's folder |
 * | `FILE` | a path that cannot be read or written |
 * | `NETWORK` | an address that cannot be listened on or reached |
 * | `REFUSED` | the coordinator does not take this worker |
 * | `DIVERGED` | training: the loss is not a finite number any more |
 * | `WORKERS` | too few workers, for too long |
 * | `MODEL` | layers that do not fit each other, or the data |
 * | `ENGINE` | computing in the asked profile |
 * | `MEMORY` | room for a model |
 * | `VERIFY` | a run's records do not hold, or disturbing it changed its result |
 * | `PROTOCOL` | a frame that breaks the protocol |
 */
export type ErrorCode =
  | 'USAGE'
  | 'DATA'
  | 'CHECKPOINT'
  | 'FILE'
  | 'NETWORK'
  | 'REFUSED'
  | 'DIVERGED'
  | 'WORKERS'
  | 'MODEL'
  | 'ENGINE'
  | 'MEMORY'
  | 'VERIFY'
  | 'PROTOCOL';

/** An expected failure. Its one-line message quotes the offending value and says what to do. */
export class LockstepError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LockstepError';
    this.code = code;
  }
}

/** A frame or message from a peer that the protocol does not allow. It ends that connection and nothing else. */
export class ProtocolError extends LockstepError {
  constructor(message: string, options?: ErrorOptions) {
    super('PROTOCOL', message, options);
    this.name = 'ProtocolError';
  }
}

/** Why something failed, for one line of a message: our own words, or the innermost cause's. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof LockstepError || !(error.cause instanceof Error)) {
    // A failed connection to several addresses has a code (`ECONNREFUSED`) but no message.
    return error.message || systemCode(error) || error.name;
  }
  return reasonOf(error.cause);
}

/** The system's error code (`ENOENT`, `EADDRINUSE`, …) of whatever was thrown, if it has one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
