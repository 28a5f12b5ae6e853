import { LockstepError } from '../shared/errors.ts';
import { CLOSE } from '../shared/protocol/link.ts';

/**
 * How a worker's connection ended. Only after `lost` is there a reason to come back. Then
 * `isUnreachable` says that there was no connection.
 */
export type SessionEnd =
  | { readonly outcome: 'finished' }
  | { readonly outcome: 'drained' }
  | { readonly outcome: 'refused'; readonly reason: string }
  /** The run has failed for good, by no fault of this worker. */
  | { readonly outcome: 'run-failed'; readonly reason: string }
  /** This machine cannot compute the run, now or later. */
  | { readonly outcome: 'failed'; readonly error: Error }
  | { readonly outcome: 'lost'; readonly reason: string; readonly isUnreachable?: true };

/** Why a worker ends its connection. */
export type CloseReason =
  /** The coordinator said goodbye. */
  | { readonly why: 'finished' | 'drained' }
  /** The worker was asked to leave, and has not been let go in time or was not ready yet. */
  | { readonly why: 'leaving' }
  | { readonly why: 'silent'; readonly message: string }
  /** The coordinator broke the protocol, or this worker cannot get ready for the moment. */
  | { readonly why: 'protocol'; readonly message: string }
  /** This machine cannot compute the run. */
  | { readonly why: 'failed'; readonly error: Error };

/** What follows from a reason: the close frame, the `error` message if there is one, the end. */
export interface Closing {
  readonly code: number;
  /** The text of the close frame. */
  readonly text: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly end: SessionEnd;
}

export function closingFor(reason: CloseReason): Closing {
  switch (reason.why) {
    case 'finished':
    case 'drained':
      return { code: CLOSE.normal, text: reason.why, end: { outcome: reason.why } };
    case 'leaving':
      return { code: CLOSE.normal, text: 'leaving', end: { outcome: 'drained' } };
    case 'silent': {
      const end: SessionEnd = { outcome: 'lost', reason: reason.message };
      return { code: CLOSE.timeout, text: 'coordinator silent', end };
    }
    case 'protocol': {
      const { message } = reason;
      const error = { code: 'PROTOCOL', message };
      return {
        code: CLOSE.protocolError,
        text: message,
        error,
        end: { outcome: 'lost', reason: message },
      };
    }
    case 'failed': {
      const { error } = reason;
      const code = error instanceof LockstepError ? error.code : 'INTERNAL';
      return {
        code: CLOSE.protocolError,
        text: error.message,
        error: { code, message: error.message },
        end: { outcome: 'failed', error },
      };
    }
  }
}
