import { describe, expect, test } from 'vitest';
import { ACTIVATIONS, NUMERICS } from '../../../../shared/engine/kernels.ts';
import { fusedMultiplyAdd } from '../../../../shared/engine/naive/fused-multiply-add.ts';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

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

  /** The definition of a product. Each element sums over k in order, starting from +0. */
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

  test.for(shapes)('for m = %i, n = %i, k = %i', (shape) => {
    const [m, n, k] = shape;
    const a = createDraws(m).floats(m * k);
    const b = createDraws(n).floats(k * n);
    // These awkward values reveal any reordering.
    for (const values of [a, b]) {
      if (values.length > 3) values.set([Infinity, -0, 1e-45], draws.integer(0, values.length - 3));
    }
    const c = new Float32Array(m * n);
    const at = (values: Float32Array, stride: number) => (i: number, l: number) =>
      values[i * stride + l];
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

test('sumRows adds the rows of each leaf, and then the leaves up the tree', () => {
  const rows = [2 ** 24, 1, 1, 1, -(2 ** 24)];
  const sumOf = (...leafSizes: number[]) => {
    const sums = new Float32Array(1);
    kernels.sumRows(Float32Array.from(rows), sums, 1, Uint32Array.from(leafSizes));
    return sums[0];
  };
  expect(sumOf(5)).toBe(0); // each single 1 is rounded away
  expect(sumOf(1, 3, 1)).toBe(4); // (2²⁴ + 3) rounds to even
  expect(sumOf(1, 1, 1, 1, 1)).toBe(2); // ((2²⁴ + 1) + (1 + 1)) - 2²⁴
  expect(sumOf(1, 0, 4)).toBe(f32(2 ** 24 + f32(3 - 2 ** 24)));
});

test('addBias adds the bias to each row', () => {
  const y = Float32Array.of(1, 2, 3, 4, 5, 6);
  kernels.addBias(y, Float32Array.of(10, 20, 30), 2, 3);
  expect(Array.from(y)).toEqual([11, 22, 33, 14, 25, 36]);
});

test('the first of equally large logits is the prediction', () => {
  const logits = Float32Array.of(1, 1, 0, 0, 2, 2, 5, 4, 3);
  const hits = (...labels: number[]) => {
    const lossAndCorrect = new Float32Array(6);
    kernels.squaredError(
      logits,
      Float32Array.from(labels),
      new Float32Array(9),
      lossAndCorrect,
      3,
      3,
      0,
    );
    return [lossAndCorrect[1], lossAndCorrect[3], lossAndCorrect[5]];
  };
  expect(hits(0, 1, 0)).toEqual([1, 1, 1]);
  expect(hits(1, 2, 0)).toEqual([0, 0, 1]);
});

test('cross-entropy does not overflow for huge logits and keeps NaN', () => {
  const dLogits = new Float32Array(3);
  const lossAndCorrect = new Float32Array(2);
  kernels.softmaxCrossEntropy(
    Float32Array.of(1e38, -1e38, 0),
    Float32Array.of(0),
    dLogits,
    lossAndCorrect,
    1,
    3,
    0,
  );
  expect([...dLogits, ...lossAndCorrect]).toEqual([0, 0, 0, 0, 1]);
  kernels.softmaxCrossEntropy(
    Float32Array.of(NaN, 0, 0),
    Float32Array.of(1),
    dLogits,
    lossAndCorrect,
    1,
    3,
    0,
  );
  expect([...lossAndCorrect]).toEqual([NaN, 0]);
});

test('every activation keeps NaN', () => {
  const y = new Float32Array(1);
  for (const activation of ACTIVATIONS) {
    kernels.activate(activation, Float32Array.of(NaN), y, 1);
    expect(y[0]).toBeNaN();
  }
});

describe('bfloat16', () => {
  test.for([
    ['a value of 8 significant bits to itself', 1 + 2 ** -7, 1 + 2 ** -7],
    ['a value below the middle down', 1 + 2 ** -8 - 2 ** -20, 1],
    ['a value above the middle up', 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7],
    ['the middle down to an even value', 1 + 2 ** -8, 1],
    ['the middle up to an even value', 1 + 3 * 2 ** -8, 1 + 2 ** -6],
    ['a negative value like a positive value', -1 - 3 * 2 ** -8, -1 - 2 ** -6],
    ['a value up to the next power of two', 2 - 2 ** -9, 2],
    ['a large value to infinity', 3.4e38, Infinity],
    ['the smallest value to zero', 2 ** -149, 0],
    ['minus zero to itself', -0, -0],
    ['NaN to itself', NaN, NaN],
  ] as const)('rounds %s', ([, value, expected]) => {
    const rounded = Float32Array.of(value);
    kernels.roundToBfloat16(rounded);
    expect(rounded[0]).toBe(expected);
  });
});
