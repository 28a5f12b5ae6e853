import { describe, expect, test } from 'vitest';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { openEngine } from '../../../../shared/host/load-engine.ts';
import {
  BLOCK_LENGTH,
  fingerprintOf,
  sumOfSquares,
} from '../../../../shared/round/parameter-blocks.ts';

const naive = createNaiveEngine('strict');
const fast = openEngine('strict');

/** Values of many magnitudes, so that the order of additions shows. */
const valueAt = (i: number) => Math.imul(i + 1, 0x9e3779b1) * 2 ** -(i % 40);

function valuesIn({ allocate }: typeof naive, length: number): Float32Array {
  const values = allocate(length);
  values.forEach((_, i) => {
    values[i] = valueAt(i);
  });
  return values;
}

describe('over blocks', () => {
  test.for([0, 1, 100, BLOCK_LENGTH, BLOCK_LENGTH + 1, 3 * BLOCK_LENGTH + 5])(
    'the norm and the fingerprint of %i values are those of the plain kernels',
    (length) => {
      const [a, b] = [valuesIn(naive, length), valuesIn(fast, length)];
      expect(sumOfSquares(fast.kernels, b)).toBe(sumOfSquares(naive.kernels, a));
      expect(fingerprintOf(fast.kernels, b)).toEqual(fingerprintOf(naive.kernels, a));
    },
  );

  test('the sums of squares are added in the tree', () => {
    const values = valuesIn(fast, 3 * BLOCK_LENGTH);
    const [a, b, c] = fast.kernels.sumOfSquares(values, BLOCK_LENGTH);
    expect(sumOfSquares(fast.kernels, values)).toBe(a + b + c);
    expect(a + b + c).not.toBe(fast.kernels.sumOfSquares(values, values.length)[0]);
  });

  test('the fingerprint changes with each bit, and with the order of blocks', () => {
    const values = valuesIn(fast, 2 * BLOCK_LENGTH + 3);
    const before = fingerprintOf(fast.kernels, values);
    for (const i of [0, BLOCK_LENGTH - 1, BLOCK_LENGTH, 2 * BLOCK_LENGTH + 2]) {
      const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
      bits[i] ^= 1;
      expect(fingerprintOf(fast.kernels, values)).not.toEqual(before);
      bits[i] ^= 1;
    }
    const [first, second] = [0, 1].map((block) =>
      values.slice(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH),
    );
    values.set(second);
    values.set(first, BLOCK_LENGTH);
    expect(fingerprintOf(fast.kernels, values)).not.toEqual(before);
  });

  test('the fingerprint of a fixed vector stays as it is', () => {
    const lanes = fingerprintOf(fast.kernels, valuesIn(fast, BLOCK_LENGTH + 1));
    expect([...lanes.subarray(0, 3)]).toEqual([1459006110, 3752617398, 3384294339]);
  });
});
