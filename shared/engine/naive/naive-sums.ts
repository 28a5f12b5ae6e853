import { splitPoint } from '../../reduction-tree.ts';
import type { LeafSizes } from '../kernels.ts';

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/**
 * The number nearest to `x` that has zeros in the lower 16 bits of its f32 form. Of two equally
 * near numbers the result is the even one.
 */
export function toBfloat16(x: number): number {
  value[0] = x;
  if (Number.isNaN(x)) return x;
  bits[0] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) & 0xffff0000;
  return value[0];
}

/**
 * The sum over all rows. The rows of each leaf are summed first, in order from +0, and then the
 * leaves over the tree. `add` returns the sum plus the row's term. Sums over at least
 * `bfloat16LeavesMin` leaves are rounded to bfloat16.
 */
export function sumOverTree(
  leafSizes: LeafSizes,
  bfloat16LeavesMin: number | undefined,
  add: (row: number, sum: number) => number,
): number {
  let row = 0;
  const sumLeaf = (leaf: number): number => {
    let sum = 0;
    for (const end = row + leafSizes[leaf]; row < end; row++) sum = add(row, sum);
    return sum;
  };
  const sumHalves = (lo: number, hi: number): number => {
    const middle = splitPoint({ lo, hi });
    return Math.fround(sumNode(lo, middle) + sumNode(middle, hi));
  };
  const sumNode = (lo: number, hi: number): number => {
    const sum = hi - lo > 1 ? sumHalves(lo, hi) : sumLeaf(lo);
    return bfloat16LeavesMin !== undefined && hi - lo >= bfloat16LeavesMin ? toBfloat16(sum) : sum;
  };
  return sumNode(0, leafSizes.length);
}
