import type { Round } from '../shared/workload.ts';

/**
 * Where sums come from. The training loop cannot tell whether this process computes them (`LocalSource`) or a
 * cluster does (`WorkerPool`): for the same round and parameters both give the same bits.
 */
export interface GradientSource {
  /** Workers ready now; 0 where there is no cluster. */
  readonly worldSize: number;
  /**
   * The root of the reduction tree of one round: the gradient (`train` only) and the statistics, summed over the
   * round's examples. `parameters` are those after `round.step` updates, and must not change meanwhile.
   * The result is valid until the next call. One call at a time; rejects with `signal.reason` when aborted.
   */
  sum(round: Round, parameters: Float32Array, signal: AbortSignal): Promise<Float32Array>;
}
