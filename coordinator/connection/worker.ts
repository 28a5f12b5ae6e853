import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { Round } from '../../shared/round/workload.ts';
import type { Broadcast } from './broadcast.ts';
import type { CloseReason } from './close-reason.ts';
import type { Traffic } from './metered-link.ts';

/** A worker, wherever it computes. */
export interface Worker {
  /** The address that it connects from; undefined if it is in this process. */
  readonly address: string | undefined;
  /** Whether it is on this machine. */
  readonly isLocal: boolean;
  /**
   * Whether it reads the parameters where they are. Then none are sent to it, and none may change
   * while it computes.
   */
  readonly sharesMemory: boolean;
  /** Whether it computes nothing: it has sent all sums of its share, or is sending the last one. */
  readonly isFree: boolean;
  /**
   * How far the worker's clock is ahead of ours, in ms, if the fastest ping and its pong traveled
   * equally long. Undefined until the first pong.
   */
  readonly clockOffsetMs: number | undefined;
  /** Whether its page is hidden, as it said last. Undefined if it has no page, or says nothing. */
  readonly isHidden?: boolean | undefined;
  /** The bytes of all frames to it and from it so far; none if it is in this process. */
  readonly traffic: Readonly<Traffic>;
  /** Sends the encoded part of the parameters that it does not have yet. */
  sendParameters(broadcast: Broadcast): void;
  /**
   * Asks for a share, after the parameters of its step. A worker owes one share at a time.
   * `parameters` are those of the step, for a worker that shares our memory.
   */
  sendShare(round: Round, leaves: LeafRange, parameters: Float32Array): void;
  /** Tells the worker why, closes its connection, and reports it gone. */
  close(reason: CloseReason): void;
}
