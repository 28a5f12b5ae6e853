/**
 * The reason of an expected failure. The codes are stable: scripts and tests rely on them.
 *
 * | code | what went wrong |
 * | --- | --- |
 * | `USAGE` | a flag or an environment variable is wrong |
 * | `DATA` | a data file is wrong, or cannot be found or fetched |
 * | `CHECKPOINT` | a checkpoint or a run's folder is wrong |
 * | `FILE` | a path cannot be read or written |
 * | `NETWORK` | this process cannot listen on an address, or cannot reach it |
 * | `REFUSED` | the coordinator refuses this worker |
 * | `DIVERGED` | training has diverged: the loss is no longer a finite number |
 * | `WORKERS` | there were too few workers for too long |
 * | `MODEL` | the layers do not fit each other or the data |
 * | `ENGINE` | this machine cannot compute with the requested numerics |
 * | `MEMORY` | there is no room for the model |
 * | `VERIFY` | the records of a run are wrong, or a disturbance of a run changed its result |
 * | `PROTOCOL` | a frame breaks the protocol |
 */
export type ErrorCode =
  | 'USAGE'
  | 'DATA'
  | 'CHECKPOINT'
  | 'FILE'
  | 'NETWORK'
  | 'TRUST'
  | 'REFUSED'
  | 'DIVERGED'
  | 'WORKERS'
  | 'MODEL'
  | 'ENGINE'
  | 'MEMORY'
  | 'VERIFY'
  | 'PROTOCOL';

/** The failures that come again however often the same command is repeated. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'TRUST',
  'REFUSED',
  'DIVERGED',
  'MODEL',
  'ENGINE',
  'MEMORY',
  'VERIFY',
]);

/** Whether it would fail again, however often it is tried. */
export function isPermanent(error: unknown): error is LockstepError {
  return error instanceof LockstepError && PERMANENT.has(error.code);
}

/** An expected failure. Its one-line message quotes the offending value and says what to do. */
export class LockstepError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LockstepError';
    this.code = code;
  }
}

/**
 * The error for a peer's frame or message that breaks the protocol. It ends the connection to that
 * peer, and nothing else.
 */
export class ProtocolError extends LockstepError {
  constructor(message: string, options?: ErrorOptions) {
    super('PROTOCOL', message, options);
    this.name = 'ProtocolError';
  }
}

/** The reason of a failure, for use in a message: our own message, or the innermost cause's. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof LockstepError || !(error.cause instanceof Error)) {
    // The error of a connection that failed at several addresses has a code, but no message.
    return error.message || systemCode(error) || error.name;
  }
  return reasonOf(error.cause);
}

/** The system's code (`ENOENT`, `EADDRINUSE`, …) of a thrown value, if it has one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** A fault of Lockstep itself, in one line: what was thrown, and where. */
export function describeFault(error: unknown): string {
  const stack = (error instanceof Error && error.stack) || '';
  const place = stack.split('\n').find((line) => /^ +at /.test(line));
  const where = place ? ` (${place.trim()})` : '';
  return `${reasonOf(error)}${where}. This is a fault of Lockstep itself: please report it`;
}
