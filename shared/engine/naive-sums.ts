import { splitPoint } from '../reduction-tree.ts';
import type { LeafSizes } from './kernels.ts';

/** Sums over rows: each leaf's in order, from +0; then the leaves over the tree. `add` returns sum + the row's term. */
export function sumOverTree(leafSizes: LeafSizes, add: (row: number, sum: number) => number): number {
  let row = 0;
  const sumNode = (lo: number, hi: number): number => {
    if (hi - lo > 1) {
      const middle = splitPoint({ lo, hi });
      return Math.fround(sumNode(lo, middle) + sumNode(middle, hi));
    }
    let sum = 0;
    for (const end = row + leafSizes[lo]; row < end; row++) sum = add(row, sum);
    return sum;
  };
  return sumNode(0, leafSizes.length);
}
