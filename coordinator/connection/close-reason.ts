import { WORKERS_MAX } from '../../shared/protocol/limits.ts';
import { CLOSE } from '../../shared/protocol/link.ts';

/** How a run ends for its workers. */
export type RunEnd =
  | { readonly why: 'finished' }
  /** The coordinator stops. The worker should come back later. */
  | { readonly why: 'stopping' }
  /** The run has failed for good. There is nothing to come back for. */
  | { readonly why: 'failed'; readonly message: string };

/** Why the coordinator ends a connection. */
export type CloseReason =
  | RunEnd
  /** The worker asked to leave, or is asked to, and owes nothing. */
  | { readonly why: 'drained' }
  /** The worker broke the protocol. */
  | { readonly why: 'protocol'; readonly message: string }
  /** The worker was silent, or did not answer, for too long. It may come back. */
  | { readonly why: 'timeout'; readonly message: string }
  /** Somebody wants to see what happens then. The connection breaks off, without a goodbye. */
  | { readonly why: 'cut' }
  /** There are as many workers as there may be. */
  | { readonly why: 'full' }
  /** The worker is not wanted, now or later. */
  | { readonly why: 'refused'; readonly message: string }
  /** The worker reported an error of its own. */
  | { readonly why: 'worker-error'; readonly message: string };

/** The WebSocket close code of each reason. */
export const CLOSE_CODES: Record<CloseReason['why'], number> = {
  finished: CLOSE.normal,
  drained: CLOSE.normal,
  stopping: CLOSE.goingAway,
  failed: CLOSE.failed,
  protocol: CLOSE.protocolError,
  timeout: CLOSE.timeout,
  cut: CLOSE.abnormal,
  full: CLOSE.tryAgainLater,
  refused: CLOSE.refused,
  'worker-error': CLOSE.normal,
};

/** The code of the `error` message that tells the worker its fault; undefined if it gets none. */
export const ERROR_CODES: Partial<Record<CloseReason['why'], string>> = {
  protocol: 'PROTOCOL',
  timeout: 'TIMEOUT',
  refused: 'REFUSED',
  failed: 'FAILED',
};

/** For people, and the close frame. */
export function describeCloseReason(reason: CloseReason): string {
  if ('message' in reason) return reason.message;
  if (reason.why === 'full') return `there are ${WORKERS_MAX} workers already`;
  if (reason.why === 'cut') return 'its connection was cut, as somebody asked';
  return reason.why === 'stopping' ? 'the coordinator stops' : reason.why;
}
