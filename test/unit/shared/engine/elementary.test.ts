import { describe, expect, test } from 'vitest';
import { cosPi, exp, log, sigmoid, tanh } from '../../../../shared/engine/elementary.ts';

const bits = new Int32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The distance between adjacent f32 values at x. It is at least that of the subnormals. */
function ulpAt(x: number): number {
  asFloat[0] = Math.abs(x);
  bits[0] &= 0x7f800000;
  return Math.max(asFloat[0] * 2 ** -23, 2 ** -149);
}

/** The largest error in ulp for f32 values spread over [lo, hi]. `truth` computes in f64. */
function worstError(
  f: (x: number) => number,
  truth: (x: number) => number,
  lo: number,
  hi: number,
): number {
  const count = 200_003;
  let worst = 0;
  for (let i = 0; i <= count; i++) {
    const x = Math.fround(lo + ((hi - lo) * i) / count);
    const error = Math.abs(f(x) - truth(x)) / ulpAt(truth(x));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

const sigmoid64 = (x: number) => 1 / (1 + Math.exp(-x));

describe('the elementary functions', () => {
  test.for([
    ['exp', exp, Math.exp, 2, -87.3, 88.7],
    ['exp of small numbers', exp, Math.exp, 2, -1, 1],
    ['exp down to subnormals', exp, Math.exp, 2, -103.9, -87.3],
    ['log', log, Math.log, 2, 1e-3, 100],
    ['log around 1', log, Math.log, 2, 0.5, 1.5],
    ['log of large numbers', log, Math.log, 2, 1, 3e38],
    ['log of subnormals', log, Math.log, 2, 1e-44, 1e-38],
    ['tanh', tanh, Math.tanh, 2, -9.5, 9.5],
    ['tanh around 0', tanh, Math.tanh, 2, -0.7, 0.7],
    ['sigmoid', sigmoid, sigmoid64, 3, -80, 20],
  ] as const)('keep the error bound of %s', ([, f, truth, bound, lo, hi]) => {
    expect(worstError(f, truth, lo, hi)).toBeLessThan(bound);
  });

  test('give the exact values at zero, at infinity and for NaN', () => {
    expect([exp(0), exp(-0), exp(-Infinity), exp(Infinity), exp(89), exp(-104)]).toEqual([
      1,
      1,
      0,
      Infinity,
      Infinity,
      0,
    ]);
    expect([log(1), log(0), log(-0), log(Infinity), log(-1)]).toEqual([
      0,
      -Infinity,
      -Infinity,
      Infinity,
      NaN,
    ]);
    expect([tanh(0), tanh(Infinity), tanh(-Infinity), tanh(50)]).toEqual([0, 1, -1, 1]);
    expect([sigmoid(0), sigmoid(-1000), sigmoid(1000)]).toEqual([0.5, 0, 1]);
    expect([exp(NaN), log(NaN), tanh(NaN), sigmoid(NaN)]).toEqual([NaN, NaN, NaN, NaN]);
  });

  test('compute cosPi to a few roundings of f64', () => {
    for (let i = 0; i <= 1000; i++)
      expect(Math.abs(cosPi(i / 1000) - Math.cos((Math.PI * i) / 1000))).toBeLessThan(2e-15);
  });
});
