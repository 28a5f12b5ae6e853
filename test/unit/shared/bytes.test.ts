import { expect, test } from 'vitest';
import { areSameBits, bytesOf, floatsOf } from '../../../shared/bytes.ts';

const values = Float32Array.of(1, -2.5, 3e-40);

test.for([
  ['an array', (bytes: number[]) => Uint8Array.from(bytes)],
  ['a Buffer, which lies anywhere in its memory', (bytes: number[]) => Buffer.from(bytes)],
] as const)('the values of the bytes of %s are a copy', ([, create]) => {
  const bytes = create([7, ...bytesOf(values), 9]).subarray(1);
  const copy = floatsOf(bytes);
  expect(copy).toEqual(values);
  bytes.fill(0);
  expect(copy).toEqual(values);
});

test('the bits of two vectors differ if one has -0, a NaN or a value more', () => {
  expect(areSameBits(values, values.slice())).toBe(true);
  expect(areSameBits(Float32Array.of(0), Float32Array.of(-0))).toBe(false);
  expect(areSameBits(values, values.subarray(1))).toBe(false);
});
