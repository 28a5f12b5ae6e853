import type { LeafRange } from '../../shared/reduction-tree.ts';

/**
 * Limits of the distance that a boundary between two shares may shift from its due place, as a
 * fraction of the smaller share.
 */
const SHIFT_MIN = 0.15;
const SHIFT_MAX = 0.45;

/**
 * Divides `range` into contiguous shares, one per worker, in the order of the workers. The size of
 * a share is about proportional to its worker's throughput (examples/s). A share may be empty. An
 * undefined throughput is not measured yet, and counts as the median of the measured ones.
 *
 * A worker sends one gradient per subtree of its share. So a boundary shifts from its due place to
 * a place between two larger subtrees, if there is one nearby.
 *
 * `communicationFraction` is the fraction of a share's time that is not computing. A share of one
 * subtree receives one vector and sends one. So half of that time is the cost of one more vector to
 * send. A boundary may shift by as many leaves as a worker computes in the same time.
 */
export function planShares(
  range: LeafRange,
  throughputs: readonly (number | undefined)[],
  communicationFraction = 0,
): LeafRange[] {
  const shift = Math.max(
    SHIFT_MIN,
    Math.min(SHIFT_MAX, communicationFraction / 2 / (1 - communicationFraction)),
  );
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

/**
 * The boundary within `shiftMax` of `due` that is a multiple of the largest power of two. If there
 * is none, the boundary between leaves that is nearest to `due`.
 */
function boundaryNear(due: number, shiftMax: number): number {
  for (let size = 2 ** Math.floor(Math.log2(Math.max(1, 2 * due))); size > 1; size /= 2) {
    const boundary = Math.round(due / size) * size;
    if (Math.abs(boundary - due) <= shiftMax) return boundary;
  }
  return Math.round(due);
}

/** The median of at least one number. Of two middle numbers, the larger one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
