import type { Kernels } from './engine/kernels.ts';
import type { LeafRange } from './reduction-tree.ts';
import type { RoundKind, Workload } from './workload.ts';

/** In place: rounds the sum of a node, if such sums are rounded. */
export function roundSum(
  kernels: Kernels,
  workload: Workload,
  kind: RoundKind,
  node: LeafRange,
  sum: Float32Array,
): void {
  const narrowLength = workload.narrowLength(kind, node);
  if (narrowLength > 0) kernels.roundToBfloat16(sum.subarray(0, narrowLength));
}

/** Makes the sum of `half` and `otherHalf` of a node that of the node, in the place of the first. */
export function addHalves(
  kernels: Kernels,
  workload: Workload,
  kind: RoundKind,
  node: LeafRange,
  half: Float32Array,
  otherHalf: Float32Array,
): void {
  kernels.addInto(half, otherHalf);
  roundSum(kernels, workload, kind, node, half);
}
