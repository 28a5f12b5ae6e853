import { exp, log } from '../../shared/engine/elementary.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { ACTIVATIONS, NUMERICS, type Numerics } from '../../shared/engine/kernels.ts';
import { randomKey, uniform } from '../../shared/random.ts';
import { bitsOf } from './hex.ts';

/** Opens the engine that is checked, or the plain one. */
export type OpenEngine = (numerics: Numerics) => Engine;

/** Points at which an implementation that is nearly right goes wrong. */
const POINTS: readonly number[] = [
  ...[0, -0, 1e-45, -1e-45, 2 ** -126, 1e-10, 0.1, -0.1, 0.5, 1, -1, 2, Math.PI, 10, -10, 50],
  ...[0.625, 0.62499994, -0.625, Math.SQRT1_2, 0.70710677, Math.SQRT2, 1 + 2 ** -23, 1 - 2 ** -24],
  ...[88.72283, 88.72284, 88, -87.33655, -87.5, -103, -103.97208, -103.97209, -104, 3e38, -3e38],
  ...[Math.LN2, Math.LN2 / 2, -Math.LN2 / 2, 0.34657359, 9.010913, 9.5, 16777217, 123456.79],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
].map(Math.fround);

const drawn = (salt: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) =>
    Math.fround(8 * uniform(randomKey(salt, 'selfTest'), i) - 4),
  );

/** Each function at each point, as pairs of bits. */
export function elementaryVectors(openEngine: OpenEngine) {
  const points = [...POINTS, ...drawn(1, 24)];
  const pairs = (values: ArrayLike<number>) =>
    points.map((x, i) => `${bitsOf(x)} ${bitsOf(values[i])}`);
  const engine = openEngine('strict');
  const [x, y, dy, dx] = [0, 1, 2, 3].map(() => engine.allocate(points.length));
  x.set(points);
  dy.fill(1);
  const activations = ACTIVATIONS.flatMap((name) => {
    engine.kernels.activate(name, x, y, points.length);
    engine.kernels.activateBackward(name, x, y, dy, dx, points.length);
    return [
      [name, pairs(y)],
      [`${name}, derivative`, pairs(dx)],
    ] as const;
  });
  return {
    functions: Object.fromEntries([
      ['exp', pairs(points.map(exp))],
      ['log', pairs(points.map(log))],
      ...activations,
    ]),
  };
}

/** Numbers that are ties of bfloat16, lie beside ties, or are special. */
const TO_ROUND: readonly number[] = [
  ...[0, -0, 1, -1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -23, 1 + 2 ** -8 - 2 ** -23],
  ...[-1 - 2 ** -8, -1 - 3 * 2 ** -8, 1e-45, 1e-40, 2 ** -126, 3.3895314e38, 3.4e38, 3.39e38],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0.1, -0.3, 65535, 12345.678],
].map(Math.fround);

/** A product and a sum in both numerics, and roundings to bfloat16. */
export function roundingVectors(openEngine: OpenEngine) {
  const engine = openEngine('strict');
  const rounded = engine.allocate(TO_ROUND.length);
  rounded.set(TO_ROUND);
  engine.kernels.roundToBfloat16(rounded);
  const bfloat16 = TO_ROUND.map((x, i) => `${bitsOf(x)} ${bitsOf(rounded[i])}`);
  return { bfloat16, products: PRODUCTS.map((terms) => productVector(openEngine, terms)) };
}

/** Factors of inner products: pairs whose products are added from +0, in order. */
const PRODUCTS: readonly (readonly [number, number])[][] = [
  [
    [1 + 2 ** -12, 1 + 2 ** -12],
    [-1, 1 + 2 ** -11],
  ],
  [
    [-0, 1],
    [0, -1],
  ],
  [
    [1e-30, 1e-10],
    [1e-30, 1e-10],
  ],
  [
    [3e38, 1],
    [3e38, 1],
    [-3e38, 1],
  ],
  ...[2, 3, 4].map((salt) => pairs(drawn(salt, 26))),
].map((terms) => terms.map(([a, b]) => [Math.fround(a), Math.fround(b)] as const));

function pairs(values: readonly number[]): [number, number][] {
  const half = values.length / 2;
  return values.slice(0, half).map((value, i) => [value, values[half + i]]);
}

function productVector(openEngine: OpenEngine, terms: readonly (readonly [number, number])[]) {
  const results = NUMERICS.map((numerics) => {
    const engine = openEngine(numerics);
    const [a, b] = [0, 1].map((side) => {
      const values = engine.allocate(terms.length);
      values.set(terms.map((pair) => pair[side]));
      return values;
    });
    const c = engine.allocate(1);
    engine.kernels.matmul(a, b, c, 1, 1, terms.length);
    return [numerics, bitsOf(c[0])] as const;
  });
  const [a, b] = [0, 1].map((side) => terms.map((pair) => bitsOf(pair[side])));
  return { a, b, ...Object.fromEntries(results) };
}
