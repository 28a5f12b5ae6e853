import { describe, expect, test } from 'vitest';
import { naiveKernels } from '../../shared/engine/naive-kernels.ts';
import { createDraws } from '../support/draws.ts';

const f32 = Math.fround;

/** The definition, word for word: every element's sum runs over k in order from +0, one f32 operation at a time. */
function product(
  m: number,
  n: number,
  k: number,
  a: (i: number, l: number) => number,
  b: (l: number, j: number) => number,
) {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum = f32(sum + f32(a(i, l) * b(l, j)));
      c[i * n + j] = sum;
    }
  }
  return c;
}

describe('matrix products equal their definition to the last bit', () => {
  const draws = createDraws(1);
  const shapes = Array.from({ length: 60 }, () => [
    draws.integer(1, 20),
    draws.integer(1, 20),
    draws.integer(0, 20),
  ]);

  test.for(shapes)('m = %i, n = %i, k = %i', ([m, n, k]) => {
    const a = createDraws(m).floats(m * k);
    const b = createDraws(n).floats(k * n);
    // Awkward values, which any reordering would show.
    for (const values of [a, b]) {
      if (values.length > 3) values.set([Infinity, -0, 1e-45], draws.integer(0, values.length - 3));
    }
    const run = (
      kernel: (...args: [Float32Array, Float32Array, Float32Array, number, number, number]) => void,
    ) => {
      const c = new Float32Array(m * n).fill(NaN);
      kernel(a, b, c, m, n, k);
      return c;
    };
    expect(run(naiveKernels.matmul)).toEqual(
      product(
        m,
        n,
        k,
        (i, l) => a[i * k + l],
        (l, j) => b[l * n + j],
      ),
    );
    expect(run(naiveKernels.matmulTransposedA)).toEqual(
      product(
        m,
        n,
        k,
        (i, l) => a[l * m + i],
        (l, j) => b[l * n + j],
      ),
    );
    expect(run(naiveKernels.matmulTransposedB)).toEqual(
      product(
        m,
        n,
        k,
        (i, l) => a[i * k + l],
        (l, j) => b[j * k + l],
      ),
    );
  });
});

test('a bias is added to each row, and its gradient is the sum of the rows', () => {
  const y = Float32Array.of(1, 2, 3, 4, 5, 6);
  naiveKernels.addBias(y, Float32Array.of(10, 20, 30), 2, 3);
  expect(Array.from(y)).toEqual([11, 22, 33, 14, 25, 36]);
  const sums = new Float32Array(3);
  naiveKernels.sumRows(y, sums, 2, 3);
  expect(Array.from(sums)).toEqual([25, 47, 69]);
});

test('of equally large logits the first counts as the prediction', () => {
  const logits = Float32Array.of(1, 1, 0, 0, 2, 2, 5, 4, 3);
  expect(naiveKernels.countCorrect(logits, Uint8Array.of(0, 1, 0), 3, 3)).toBe(3);
  expect(naiveKernels.countCorrect(logits, Uint8Array.of(1, 2, 0), 3, 3)).toBe(1);
});

test('cross-entropy does not overflow for huge logits, and NaN stays NaN', () => {
  const dLogits = new Float32Array(3);
  expect(
    naiveKernels.softmaxCrossEntropy(Float32Array.of(1e38, -1e38, 0), Uint8Array.of(0), dLogits, 1, 3),
  ).toBe(0);
  expect(Array.from(dLogits)).toEqual([0, 0, 0]);
  expect(
    naiveKernels.softmaxCrossEntropy(Float32Array.of(NaN, 0, 0), Uint8Array.of(1), dLogits, 1, 3),
  ).toBeNaN();
});

test('no activation hides a NaN', () => {
  const y = new Float32Array(1);
  for (const activation of ['identity', 'sigmoid', 'tanh', 'relu', 'leaky-relu'] as const) {
    naiveKernels.activate(activation, Float32Array.of(NaN), y, 1);
    expect(y[0]).toBeNaN();
  }
});
