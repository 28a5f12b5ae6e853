import { expect, test } from 'vitest';
import { createCorruption } from '../../../worker/corruption.ts';

test('flips one bit with certainty, or none', () => {
  const vector = new Float32Array(4);
  createCorruption(0)(vector);
  expect(new Uint32Array(vector.buffer)).toEqual(new Uint32Array(4));
  createCorruption(1)(vector);
  const bits = [...new Uint32Array(vector.buffer)].map((word) => word.toString(2)).join('');
  expect(bits.replaceAll('0', '')).toBe('1');
});
