import type { ShareTiming } from '../../shared/protocol/messages.ts';
import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { Round } from '../../shared/round/workload.ts';

/**
 * Computes the sum of a round: in this process (`LocalSource`) or on a cluster (`WorkerPool`). The
 * training loop cannot tell the difference. Both give the same bits for the same round and
 * parameters.
 */
export interface GradientSource {
  /** The number of workers that are ready now; 0 without a cluster. */
  readonly worldSize: number;
  /**
   * Sums one round over all its examples. `parameters` are those after `round.step` updates, or
   * averages of them, which are in another buffer. Until the call resolves or rejects, only
   * `update` may change them. The result is valid until the next
   * call. Only one call may run at a time. Rejects with `signal.reason` when aborted.
   *
   * A source may pass the first values of the root to `update` before it knows the rest. Workers
   * then get the next parameters while other sums still arrive. If the round fails, `update` may
   * have got only some of the values.
   */
  sum(
    round: Round,
    parameters: Float32Array,
    signal: AbortSignal,
    update?: UpdateByParts,
  ): Promise<RoundSum>;
}

/** Updates the parameters by parts of the root, from its front. */
export interface UpdateByParts {
  /**
   * Takes the root's values [from, to), which are final. Returns the parameters, of which those
   * before `to` are the next step's.
   */
  take(root: Float32Array, from: number, to: number): Float32Array;
  /** Undoes all parts of this step, because a value was wrong. */
  rollBack(): void;
}

/** The root of a round, and how it came about. */
export interface RoundSum {
  /** The root of the reduction tree: the gradient (`train` only), then loss and correct count. */
  readonly root: Float32Array;
  /** The sums that the root was added up from, and those that were given in addition. */
  readonly contributions: readonly Contribution[];
  /** Absent if the sum was computed in this process. */
  readonly timing?: RoundTiming;
}

/** Where the time of a cluster's round went, in ms. */
export interface RoundTiming {
  /** The time to encode the parameters, and to hand them and the shares to the sockets. */
  broadcastMs: number;
  /** When all shares of the beginning were handed out, since the start of the round. */
  handedOutMs: number;
  /** The total time to check the sums that arrived and to add them up. */
  reduceMs: number;
  /** The same, each time; `startMs` counts from the start of the round. */
  readonly reductions: { readonly startMs: number; readonly ms: number }[];
  /** The shares that were answered before the round ended. */
  readonly shares: AnsweredShare[];
  /** All shares that were handed out. */
  readonly assignments: AssignedShare[];
  /** The sums that arrived, in order. */
  readonly arrivals: ArrivedSum[];
  /** The shares whose workers were lost, in order. */
  readonly losses: LostShare[];
}

/**
 * Why a worker is asked for a share:
 *
 * - `need`: the sum needs it
 * - `trial`: the worker is new, and others compute the same leaves
 * - `audit`: another worker's sum over the same leaves is checked
 */
export type SharePurpose = 'need' | 'trial' | 'audit';

/** A share that a worker was asked for. */
export interface AssignedShare {
  readonly rank: number;
  readonly leaves: LeafRange;
  /** When the share began to be handed to the socket, since the start of the round. */
  readonly startMs: number;
  /** How long after that the worker is late. */
  readonly deadlineMs: number;
  readonly purpose: SharePurpose;
}

/** A share whose worker was lost. */
export interface LostShare {
  readonly rank: number;
  /** Since the start of the round. */
  readonly ms: number;
}

/** The sum of a node, as it arrived. */
export interface ArrivedSum {
  readonly rank: number;
  readonly node: LeafRange;
  /** Since the start of the round. */
  readonly ms: number;
}

export interface AnsweredShare extends Partial<ShareTiming> {
  readonly rank: number;
  readonly examples: number;
  /** When the share began to be handed to the socket, since the start of the round. */
  readonly startMs: number;
  /** From then until the share's last sum had arrived. */
  readonly roundTripMs: number;
  /** How far the worker's clock is ahead of the coordinator's; undefined while unknown. */
  readonly clockOffsetMs: number | undefined;
}

/** The sum of a tree node that was given in a round, and what became of it. */
export interface Contribution {
  /** The worker's name and process; null if the coordinator computed the sum. */
  readonly worker: string | null;
  readonly node: LeafRange;
  /**
   * - `summed`: the sum is a part of the root.
   * - `copy`: the sum was known already, or served as a comparison.
   * - `discarded`: the sum was wrong, or was given before a wrong sum made the reduction restart.
   */
  use: 'summed' | 'copy' | 'discarded';
}
