import { randomKey, uniform } from '../../random.ts';
import type { Engine } from '../engine.ts';

/** One computation that an engine can do, and its result. */
export interface Trial {
  readonly name: string;
  run(engine: Engine): Float32Array;
}

/** Values that reveal a shortcut in the arithmetic. */
const AWKWARD = [0, -0, 1e-45, -1e-40, 3e38, -3e38, Infinity, NaN, 1 + 2 ** -23, 2 ** -126];

/**
 * A new buffer of the engine with `count` values, the same for every engine. With `isAwkward` every
 * fifth value is one of {@link AWKWARD}.
 */
export function values(
  engine: Engine,
  salt: number,
  count: number,
  isAwkward = false,
): Float32Array {
  const buffer = engine.allocate(count);
  const key = randomKey(salt, 'selfTest');
  for (let i = 0; i < count; i++) {
    buffer[i] =
      isAwkward && i % 5 === 0 ? AWKWARD[(i / 5 + salt) % AWKWARD.length] : 4 * uniform(key, i) - 2;
  }
  return buffer;
}
