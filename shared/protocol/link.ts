/** One end of a connection, whatever carries it: frames arrive whole, in order, or the link closes. */
export interface Link {
  /** The peer is on this machine: bytes are there as soon as they are copied. */
  readonly isLocal: boolean;
  /**
   * Hands a frame over for sending; it must not change until `onSent` is called, which may never be. Does nothing
   * once the link is closed.
   */
  send(frame: Uint8Array, onSent?: () => void): void;
  /** Sends what is pending and closes. `code` is one of {@link CLOSE}. */
  close(code: number, reason: string): void;
}

/** What the owner of a link hears from it. Nothing comes after `onClose`, which comes once. */
export interface LinkListener {
  onFrame(frame: Uint8Array): void;
  onClose(code: number, reason: string): void;
}

/** WebSocket close codes: RFC 6455 section 7.4.1, and our own from 4000 upwards. */
export const CLOSE = {
  /** All is done. */
  normal: 1000,
  /** The process stops; it may come back. */
  goingAway: 1001,
  /** No close frame came: the socket broke. Never sent. */
  abnormal: 1006,
  /** The peer sent what the protocol does not allow. */
  protocolError: 4000,
  /** The coordinator does not take this worker, now or later. */
  refused: 4001,
  /** The peer was silent, or owed an answer, for too long; it may come back. */
  timeout: 4002,
} as const;
