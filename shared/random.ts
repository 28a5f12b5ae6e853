/**
 * Randomness without a stream: each number is a pure function of a key and a counter, so it does not matter who
 * draws it, when, or after which others.
 *
 * The function is Threefry-2×32 with 20 rounds: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011.
 */

/** What a number is for. Two purposes never share numbers, whatever their other arguments. */
const PURPOSES = {
  permutation: 1,
  initialisation: 2,
  validationSplit: 3,
  selfTest: 4,
  dropout: 5,
  augmentation: 6,
  chaos: 7,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Two unsigned 32-bit words. */
export type Words = readonly [number, number];

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** The block function: 64 key bits and 64 counter bits to 64 random bits. */
export function threefry2x32([key0, key1]: Words, [counter0, counter1]: Words): Words {
  const schedule = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 1; group <= 5; group++) {
    for (const distance of ROTATIONS[(group - 1) % 2]) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << distance) | (x1 >>> (32 - distance))) ^ x0;
    }
    x0 = (x0 + schedule[group % 3]) | 0;
    x1 = (x1 + schedule[(group + 1) % 3] + group) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The key for one purpose: `seed` is a non-negative safe integer, `index` an epoch or a layer (32 bits). */
export function randomKey(seed: number, purpose: Purpose, index = 0): Words {
  return threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], [PURPOSES[purpose], index]);
}

/** Number `counter` of a key: uniform in [0, 1), a multiple of 2⁻⁵³. */
export function uniform(key: Words, counter: number): number {
  const [high, low] = threefry2x32(key, [counter, 0]);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
}

/** 0 … count - 1. */
export const indicesTo = (count: number): Uint32Array => new Uint32Array(count).map((_, i) => i);

/** A uniformly random permutation of 0 … count - 1 (Fisher–Yates). */
export function permutation(key: Words, count: number): Uint32Array {
  const order = indicesTo(count);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform(key, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
