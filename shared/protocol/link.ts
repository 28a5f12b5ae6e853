/** One end of a connection of any kind. Frames arrive whole and in order, or the link closes. */
export interface Link {
  /** The peer's address; undefined if the peer is in this process. */
  readonly address: string | undefined;
  /** Whether the peer is on this machine. Then bytes arrive as soon as they are copied. */
  readonly isLocal: boolean;
  /**
   * To be called when the peer has shown who it is. Until then a link may be closed to make room
   * for others.
   */
  trust(): void;
  /** Sets the length of the longest frame to take from now on. A longer one closes the link. */
  limitFrames(bytesMax: number): void;
  /**
   * Hands a frame over for sending. The frame must not change until `onSent` is called, which may
   * never happen. Does nothing after the link is closed.
   */
  send(frame: Uint8Array, onSent?: () => void): void;
  /**
   * Sends the pending frames and closes the link. `code` is one of {@link CLOSE}. With
   * `CLOSE.abnormal` nothing more is sent: the link breaks off.
   */
  close(code: number, reason: string): void;
}

/** The callbacks of a link to its owner. `onClose` is called once, and it is the last call. */
export interface LinkListener {
  onFrame(frame: Uint8Array): void;
  onClose(code: number, reason: string): void;
}

/** WebSocket close codes: RFC 6455 section 7.4.1, and our own from 4000 upwards. */
export const CLOSE = {
  /** Everything is done. */
  normal: 1000,
  /** The process stops. It may come back. */
  goingAway: 1001,
  /** The socket broke without a close frame. This code is never sent. */
  abnormal: 1006,
  /** The peer sent a frame that is too long. */
  tooLong: 1009,
  /** A fault of this end, which is not the peer's. */
  internalError: 1011,
  /** There is no room for the peer now. It may come back. */
  tryAgainLater: 1013,
  /** The peer broke the protocol. */
  protocolError: 4000,
  /** The coordinator refuses this worker, now and later. */
  refused: 4001,
  /** The peer was silent, or did not answer, for too long. It may come back. */
  timeout: 4002,
  /** The run has failed for good. The worker has done its part. */
  failed: 4003,
} as const;

/** Why a link has closed, for people: the peer's own words, if there are any. */
export function describeClose(code: number, reason: string): string {
  if (reason !== '') return reason;
  switch (code) {
    case CLOSE.abnormal:
      return 'connection lost';
    case CLOSE.normal:
    case NO_STATUS:
      return 'connection closed';
    case CLOSE.goingAway:
      return 'the other end stops';
    case CLOSE.tooLong:
      return 'the other end found a frame too long';
    case CLOSE.internalError:
      return 'the other end has a fault';
    case CLOSE.tryAgainLater:
      return 'the other end has no room';
    default:
      return `connection closed with code ${code}`;
  }
}

/** Stands for a close frame without a code. It is never sent. */
const NO_STATUS = 1005;
