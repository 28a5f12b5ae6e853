import type { Kernels } from '../engine/kernels.ts';
import type { LeafRange } from '../reduction-tree.ts';
import type { RoundKind, Workload } from './workload.ts';

/**
 * Adds the sum of one half of a node into the sum of the other half, in place. The result is the
 * sum of `node`: its gradient is rounded to bfloat16 if the wire format and the size of the node
 * require it. With `from`, both arguments hold only the values from that index on.
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
  const bfloat16Length = workload.bfloat16Length(kind, node) - from;
  if (bfloat16Length > 0) kernels.roundToBfloat16(half.subarray(0, bfloat16Length));
}
