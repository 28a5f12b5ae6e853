import type { Kernels } from '../engine/kernels.ts';
import { splitPoint } from '../reduction-tree.ts';

/*
 * What is computed over all parameters at once: the norm of the gradient, and the fingerprint.
 *
 * Both are defined over blocks of a fixed length, whose results are joined in the reduction tree.
 * So threads, and later machines that own a range of the parameters, can compute the blocks apart
 * and come to the same bits.
 */

/** The values of a block. Changing it changes the hashes of clipped runs, and all chains. */
export const BLOCK_LENGTH = 65_536;

/** The sum of the squares of all values, in f64: of each block in index order, then in the tree. */
export function sumOfSquares(kernels: Kernels, values: Float32Array): number {
  return join([...kernels.sumOfSquares(values, BLOCK_LENGTH)], 0, (left, right) => left + right);
}

/**
 * The lanes of `Kernels.fingerprint` over all values. The lanes of two halves are joined as if
 * those of the right half were values that follow the left half.
 */
export function fingerprintOf(kernels: Kernels, values: Float32Array): Uint32Array {
  const lanes = kernels.fingerprint(values, BLOCK_LENGTH);
  const blocks = Array.from({ length: lanes.length / 16 }, (_, block) =>
    lanes.subarray(16 * block, 16 * (block + 1)),
  );
  return join(blocks, new Uint32Array(16), (left, right) =>
    left.map((h, lane) => {
      const sum = h + Math.imul(right[lane], 2246822519);
      return Math.imul((sum << 13) | (sum >>> 19), 2654435761);
    }),
  );
}

/** Joins the results of all blocks in the tree. `empty` is the result without any block. */
function join<T>(blocks: readonly T[], empty: T, joinTwo: (left: T, right: T) => T): T {
  const ofNode = (lo: number, hi: number): T => {
    if (hi - lo === 1) return blocks[lo];
    const middle = splitPoint({ lo, hi });
    return joinTwo(ofNode(lo, middle), ofNode(middle, hi));
  };
  return blocks.length === 0 ? empty : ofNode(0, blocks.length);
}
