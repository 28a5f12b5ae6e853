import type { LeafRange } from '../shared/reduction-tree.ts';

/** Bounds of how far a boundary between two shares may lie from its due place, as a part of the smaller one. */
const SHIFT_MIN = 0.15;
const SHIFT_MAX = 0.45;

/**
 * Divides `range` into contiguous shares, one a worker and in their order, each about proportional to the worker's
 * throughput (examples/s). A share may be empty. A throughput of undefined means not measured yet, and counts
 * as the median of the others.
 *
 * A worker sends a whole gradient for each subtree in its share, so a boundary falls between two larger subtrees if there is
 * such a place near its due one. `exchangePart` is the part of a share's time that is not computing; of a share that takes and
 * gives one vector, half of it is what one vector more costs, and a boundary may move by as much computing.
 */
export function planShares(
  range: LeafRange,
  throughputs: readonly (number | undefined)[],
  exchangePart = 0,
): LeafRange[] {
  const shift = Math.max(SHIFT_MIN, Math.min(SHIFT_MAX, exchangePart / 2 / (1 - exchangePart)));
  const measured = throughputs.filter((throughput) => throughput !== undefined);
  const typical = measured.length > 0 ? median(measured) : 1;
  const weights = throughputs.map((throughput) => throughput ?? typical);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const dues = weights.map((weight) => (range.hi - range.lo) * (weight / total));
  let due = range.lo;
  let lo = range.lo;
  return dues.map((size, index) => {
    due += size;
    const isLast = index === dues.length - 1;
    const hi = isLast ? range.hi : boundaryNear(due, shift * Math.min(size, dues[index + 1]));
    const share = { lo, hi };
    lo = hi;
    return share;
  });
}

/** The multiple of the largest power of two within `shiftMax` of `due`; if there is none, the nearest leaf. */
function boundaryNear(due: number, shiftMax: number): number {
  for (let size = 2 ** Math.floor(Math.log2(Math.max(1, 2 * due))); size > 1; size /= 2) {
    const boundary = Math.round(due / size) * size;
    if (Math.abs(boundary - due) <= shiftMax) return boundary;
  }
  return Math.round(due);
}

/** The middle of some numbers, at least one; the upper of two middles. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
