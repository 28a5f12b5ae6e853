import { describe, expect, test } from 'vitest';
import { createNaiveEngine } from '../../shared/engine/engine.ts';
import { fusedMultiplyAdd } from '../../shared/engine/fused-multiply-add.ts';
import { ACTIVATIONS, NUMERICS } from '../../shared/engine/kernels.ts';
import { createDraws } from '../support/draws.ts';
import { naiveEngine } from '../support/toy-run.ts';

const f32 = Math.fround;
const { kernels } = naiveEngine;

const MULTIPLY_ADD = {
  strict: (a: number, b: number, sum: number) => f32(sum + f32(a * b)),
  fused: fusedMultiplyAdd,
};

describe.for(NUMERICS)('%s matrix products equal their definition to the last bit', (numerics) => {
  const draws = createDraws(1);
  const shapes = Array.from({ length: 30 }, () => [0, 1, 2].map(() => draws.integer(1, 12)));
  const { matmul, matmulTransposedA, matmulTransposedB } = createNaiveEngine(numerics).kernels;

  /** Every element's sum runs over k in order from +0. */
  function product(
    [m, n, k]: number[],
    a: (i: number, l: number) => number,
    b: (l: number, j: number) => number,
  ) {
    const c = new Float32Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum = MULTIPLY_ADD[numerics](a(i, l), b(l, j), sum);
        c[i * n + j] = sum;
      }
    }
    return c;
  }

  test.for(shapes)('m = %i, n = %i, k = %i', (shape) => {
    const [m, n, k] = shape;
    const a = createDraws(m).floats(m * k);
    const b = createDraws(n).floats(k * n);
    // Awkward values, which any reordering would show.
    for (const values of [a, b]) {
      if (values.length > 3) values.set([Infinity, -0, 1e-45], draws.integer(0, values.length - 3));
    }
    const c = new Float32Array(m * n);
    const at = (values: Float32Array, stride: number) => (i: number, l: number) => values[i * stride + l];
    const transposed = (values: Float32Array, stride: number) => (i: number, l: number) =>
      values[l * stride + i];
    matmul(a, b, c, m, n, k);
    expect(c).toEqual(product(shape, at(a, k), at(b, n)));
    matmulTransposedB(a, b, c, m, n, k);
    expect(c).toEqual(product(shape, at(a, k), transposed(b, k)));
    matmulTransposedA(a, b, c, m, n, Uint32Array.of(k));
    expect(c).toEqual(product(shape, transposed(a, m), at(b, n)));
  });
});

describe('a fused multiply-add', () => {
  test('rounds once', () => {
    const a = f32(1 + 2 ** -12);
    // a² = 1 + 2⁻¹¹ + 2⁻²⁴, of which f32 keeps the first two.
    expect(fusedMultiplyAdd(a, a, -f32(a * a))).toBe(2 ** -24);
    expect(MULTIPLY_ADD.strict(a, a, -f32(a * a))).toBe(0);
  });

  test('is exact where f64 would round halfway, and keeps infinities, NaN and signs of zero', () => {
    // In f64 the sum rounds to a tie of f32, which hides the last bit.
    expect(fusedMultiplyAdd(f32(1 + 2 ** -23), 2 ** -24, 1)).toBe(f32(1 + 2 ** -23));
    expect(fusedMultiplyAdd(2 ** 100, 2 ** 100, 0)).toBe(Infinity);
    expect(fusedMultiplyAdd(Infinity, 1, -Infinity)).toBeNaN();
    expect(fusedMultiplyAdd(-1, 0, -0)).toBe(-0);
    expect(fusedMultiplyAdd(2 ** -126, 0.5, 2 ** -149)).toBe(2 ** -127 + 2 ** -149);
  });
});

test('rows are summed leaf by leaf and then over the tree', () => {
  const rows = [2 ** 24, 1, 1, 1, -(2 ** 24)];
  const sumOf = (...leafSizes: number[]) => {
    const sums = new Float32Array(1);
    kernels.sumRows(Float32Array.from(rows), sums, 1, Uint32Array.from(leafSizes));
    return sums[0];
  };
  expect(sumOf(5)).toBe(0); // each 1 is lost on its own
  expect(sumOf(1, 3, 1)).toBe(4); // (2²⁴ + 3) rounds to even
  expect(sumOf(1, 1, 1, 1, 1)).toBe(2); // ((2²⁴ + 1) + (1 + 1)) - 2²⁴
  expect(sumOf(1, 0, 4)).toBe(f32(2 ** 24 + f32(3 - 2 ** 24)));
});

test('a bias is added to each row', () => {
  const y = Float32Array.of(1, 2, 3, 4, 5, 6);
  kernels.addBias(y, Float32Array.of(10, 20, 30), 2, 3);
  expect(Array.from(y)).toEqual([11, 22, 33, 14, 25, 36]);
});

test('of equally large logits the first counts as the prediction', () => {
  const logits = Float32Array.of(1, 1, 0, 0, 2, 2, 5, 4, 3);
  const hits = (...labels: number[]) => {
    const statistics = new Float32Array(6);
    kernels.squaredError(logits, Uint8Array.from(labels), new Float32Array(9), statistics, 3, 3, 0);
    return [statistics[1], statistics[3], statistics[5]];
  };
  expect(hits(0, 1, 0)).toEqual([1, 1, 1]);
  expect(hits(1, 2, 0)).toEqual([0, 0, 1]);
});

test('cross-entropy does not overflow for huge logits, and NaN stays NaN', () => {
  const dLogits = new Float32Array(3);
  const statistics = new Float32Array(2);
  kernels.softmaxCrossEntropy(
    Float32Array.of(1e38, -1e38, 0),
    Uint8Array.of(0),
    dLogits,
    statistics,
    1,
    3,
    0,
  );
  expect([...dLogits, ...statistics]).toEqual([0, 0, 0, 0, 1]);
  kernels.softmaxCrossEntropy(Float32Array.of(NaN, 0, 0), Uint8Array.of(1), dLogits, statistics, 1, 3, 0);
  expect([...statistics]).toEqual([NaN, 0]);
});

test('no activation hides a NaN', () => {
  const y = new Float32Array(1);
  for (const activation of ACTIVATIONS) {
    kernels.activate(activation, Float32Array.of(NaN), y, 1);
    expect(y[0]).toBeNaN();
  }
});
