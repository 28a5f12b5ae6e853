import type { Kernels } from './engine/kernels.ts';
import type { LeafRange } from './reduction-tree.ts';
import type { RoundKind, Workload } from './workload.ts';

/**
 * Makes the sum of one half of a node that of the node, in its place: adds the other's, and rounds if such sums are. Both
 * may be a part of the sums, from the same value `from` on.
 */
export function addHalves(
  kernels: Kernels,
  workload: Workload,
  kind: RoundKind,
  node: LeafRange,
  half: Float32Array,
  otherHalf: Float32Array,
  from = 0,
): void {
  kernels.addInto(half, otherHalf);
  const narrowLength = workload.narrowLength(kind, node) - from;
  if (narrowLength > 0) kernels.roundToBfloat16(half.subarray(0, narrowLength));
}
