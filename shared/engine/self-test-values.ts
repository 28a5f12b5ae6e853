import { randomKey, uniform } from '../random.ts';
import type { Engine } from './engine.ts';

/** One computation that an engine can do, and what comes out. */
export interface Trial {
  readonly name: string;
  run(engine: Engine): Float32Array;
}

/** What a shortcut in arithmetic would show. */
const AWKWARD = [0, -0, 1e-45, -1e-40, 3e38, -3e38, Infinity, NaN, 1 + 2 ** -23, 2 ** -126];

/** `count` values of an engine's, the same for every engine; with `isAwkward` every fifth is one of the list. */
export function values(engine: Engine, salt: number, count: number, isAwkward = false): Float32Array {
  const buffer = engine.allocate(count);
  const key = randomKey(salt, 'selfTest');
  for (let i = 0; i < count; i++) {
    buffer[i] = isAwkward && i % 5 === 0 ? AWKWARD[(i / 5 + salt) % AWKWARD.length] : 4 * uniform(key, i) - 2;
  }
  return buffer;
}
