import { randomKey, uniform } from '../../../shared/random.ts';

/** A stream of random numbers for tests. The same seed gives the same numbers. */
export interface Draws {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** An integer, uniform from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the values, each equally likely. */
  pick<T>(values: readonly T[]): T;
  /** f32 values, uniform in ±`limit`. */
  floats(length: number, limit?: number): Float32Array;
}

export function createDraws(seed: number): Draws {
  const key = randomKey(seed, 'permutation', 0xffffffff);
  let counter = 0;
  const fraction = () => uniform(key, counter++);
  const integer = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    integer,
    // An event that cannot happen needs no random number.
    chance: (probability) => probability > 0 && fraction() < probability,
    pick: (values) => values[integer(0, values.length - 1)],
    floats: (length, limit = 1) =>
      Float32Array.from({ length }, () => (2 * fraction() - 1) * limit),
  };
}
