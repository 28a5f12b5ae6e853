import type { ShareTiming } from '../shared/protocol/messages.ts';
import type { LeafRange } from '../shared/reduction-tree.ts';
import type { Round } from '../shared/workload.ts';

/**
 * Where sums come from. The training loop cannot tell whether this process computes them (`LocalSource`) or a
 * cluster does (`WorkerPool`): for the same round and parameters both give the same bits.
 */
export interface GradientSource {
  /** Workers ready now; 0 where there is no cluster. */
  readonly worldSize: number;
  /**
   * Sums one round over all its examples. `parameters` are those after `round.step` updates, and must not change
   * meanwhile, but by `update`. The result is valid until the next call. One call at a time; rejects with `signal.reason`
   * when aborted.
   *
   * A source that knows the first values of the root before the others may hand them to `update` at once, so that the
   * workers get the next parameters while they still send. It need not, and if the round fails only some were handed over.
   */
  sum(round: Round, parameters: Float32Array, signal: AbortSignal, update?: UpdateByParts): Promise<RoundSum>;
}

/** Takes a root from its front, and updates the parameters by it. */
export interface UpdateByParts {
  /** The root's values [from, to) are known. Returns the parameters, of which those before `to` are the next step's. */
  take(root: Float32Array, from: number, to: number): Float32Array;
  /** They were not right: the parameters are what they were before the step. */
  takeBack(): void;
}

/** A round that is done. */
export interface RoundSum {
  /** The root of the reduction tree: the gradient (`train` only), then the statistics. */
  readonly root: Float32Array;
  /** Who gave which part of it, and what was given beside. */
  readonly contributions: readonly Contribution[];
  /** How its time went by; absent where it was computed in this process. */
  readonly timing?: RoundTiming;
}

/** How the time of a cluster's round went by, in ms. */
export interface RoundTiming {
  /** Encoding the parameters, and handing them and the shares to the sockets. */
  broadcastMs: number;
  /** Checking the sums that came in, and adding them up: in all, and each time, in ms since the round's begin. */
  reduceMs: number;
  readonly reductions: { readonly startMs: number; readonly ms: number }[];
  /** Those that were answered before its end. */
  readonly shares: AnsweredShare[];
}

export interface AnsweredShare extends Partial<ShareTiming> {
  readonly rank: number;
  readonly examples: number;
  /** When it was handed to the socket, since the round's begin. */
  readonly startMs: number;
  /** From then until its last sum was here. */
  readonly roundTripMs: number;
  /** What the worker's clock shows beyond the coordinator's; undefined while that is unknown. */
  readonly clockOffsetMs: number | undefined;
}

/** The sum of a tree node that somebody gave in a round. */
export interface Contribution {
  /** The identity of a worker; null for the coordinator's own process. */
  readonly worker: string | null;
  readonly node: LeafRange;
  /**
   * `summed`: a part of the root; `copy`: was there already, or served to compare; `discarded`: wrong, or from a round
   * whose sum was begun again because a part of it was wrong.
   */
  use: 'summed' | 'copy' | 'discarded';
}
