import type { LeafRange } from '../reduction-tree.ts';

/** The sum over one node of the reduction tree. */
export interface PartialSum {
  readonly node: LeafRange;
  /** In a `train` round the gradient, then the loss and the correct count; see `Workload`. */
  readonly vector: Float32Array;
}

/** A partial sum of which only the first `length` values are known yet. */
export interface IncompleteSum extends PartialSum {
  readonly length: number;
}
