/**
 * Random numbers without a stream. Each number is a pure function of a key and a counter. So the
 * process that draws it, the time and the order of draws do not matter.
 *
 * The function is Threefry-2×32 with 20 rounds: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel
 * random numbers: as easy as 1, 2, 3", SC 2011.
 */

/** The uses of random numbers. Two purposes never share numbers, for any seed and index. */
const PURPOSES = {
  permutation: 1,
  initialization: 2,
  validationSplit: 3,
  selfTest: 4,
  dropout: 5,
  augmentation: 6,
  chaos: 7,
  noise: 8,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Two unsigned 32-bit words. */
export type Words = readonly [number, number];

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** The result of {@link mix}. To allocate an array for each call would cost more than the call. */
const block = new Uint32Array(2);
const schedule = new Int32Array(3);

function mix(key0: number, key1: number, counter0: number, counter1: number): void {
  schedule[0] = key0;
  schedule[1] = key1;
  schedule[2] = key0 ^ key1 ^ 0x1bd11bda;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 1; group <= 5; group++) {
    const rotations = ROTATIONS[(group - 1) % 2];
    for (let i = 0; i < 4; i++) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotations[i]) | (x1 >>> (32 - rotations[i]))) ^ x0;
    }
    x0 = (x0 + schedule[group % 3]) | 0;
    x1 = (x1 + schedule[(group + 1) % 3] + group) | 0;
  }
  block[0] = x0;
  block[1] = x1;
}

/** The block function. Maps 64 key bits and 64 counter bits to 64 random bits. */
export function threefry2x32([key0, key1]: Words, [counter0, counter1]: Words): Words {
  mix(key0, key1, counter0, counter1);
  return [block[0], block[1]];
}

/**
 * The key for one purpose. `seed` is a non-negative safe integer. `index` is the number of an epoch
 * or of a layer, in 32 bits.
 */
export function randomKey(seed: number, purpose: Purpose, index = 0): Words {
  return threefry2x32([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], [PURPOSES[purpose], index]);
}

/** The random number of a key and a counter: uniform in [0, 1), and a multiple of 2⁻⁵³. */
export function uniform(key: Words, counter: number): number {
  mix(key[0], key[1], counter, 0);
  return ((block[0] >>> 5) * 2 ** 26 + (block[1] >>> 6)) * 2 ** -53;
}

/** The numbers 0 … count - 1, ascending. */
export const indicesTo = (count: number): Uint32Array => new Uint32Array(count).map((_, i) => i);

/** A uniformly random permutation of 0 … count - 1 (Fisher–Yates). */
export function permutation(key: Words, count: number): Uint32Array {
  const order = indicesTo(count);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform(key, i) * (i + 1));
    const last = order[i];
    order[i] = order[j];
    order[j] = last;
  }
  return order;
}
