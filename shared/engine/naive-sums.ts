import { splitPoint } from '../reduction-tree.ts';
import type { LeafSizes } from './kernels.ts';

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** The nearest number whose f32 form has zeros in its lower half; of two equally near ones the even one. */
export function toBfloat16(x: number): number {
  value[0] = x;
  if (Number.isNaN(x)) return x;
  bits[0] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) & 0xffff0000;
  return value[0];
}

/**
 * Sums over rows: each leaf's in order, from +0; then the leaves over the tree. `add` returns sum + the row's term. Sums
 * over `narrowFrom` leaves or more are rounded to bfloat16.
 */
export function sumOverTree(
  leafSizes: LeafSizes,
  narrowFrom: number | undefined,
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
    return narrowFrom !== undefined && hi - lo >= narrowFrom ? toBfloat16(sum) : sum;
  };
  return sumNode(0, leafSizes.length);
}
