import type { LeafRange } from '../shared/reduction-tree.ts';

/**
 * Divides `range` into contiguous shares, one a worker and in their order, each proportional to the worker's
 * throughput (examples/s). A share may be empty. A throughput of undefined means not measured yet, and counts
 * as the median of the others.
 */
export function planShares(range: LeafRange, throughputs: readonly (number | undefined)[]): LeafRange[] {
  const measured = throughputs.filter((throughput) => throughput !== undefined);
  const typical = measured.length > 0 ? median(measured) : 1;
  const weights = throughputs.map((throughput) => throughput ?? typical);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let weightBefore = 0;
  let lo = range.lo;
  return weights.map((weight) => {
    weightBefore += weight;
    const hi = range.lo + Math.round((range.hi - range.lo) * (weightBefore / total));
    const share = { lo, hi };
    lo = hi;
    return share;
  });
}

/** The middle of some numbers, at least one; the upper of two middles. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
