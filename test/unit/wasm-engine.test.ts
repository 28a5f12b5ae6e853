import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createNaiveEngine, type Engine } from '../../shared/engine/engine.ts';
import { NUMERICS } from '../../shared/engine/kernels.ts';
import { findDifference } from '../../shared/engine/self-test.ts';
import { createWasmEngine } from '../../shared/engine/wasm-engine.ts';
import { TILES } from '../../shared/engine/wasm-products.ts';
import { openEngine } from '../../shared/load-engine.ts';
import { createDraws } from '../support/draws.ts';

const ARENA_BYTES = 2 ** 22;

describe.for(NUMERICS)('%s WebAssembly kernels', (numerics) => {
  const module = new WebAssembly.Module(
    readFileSync(new URL(`../../shared/engine/assembly/${numerics}.wasm`, import.meta.url)),
  );
  const reference = createNaiveEngine(numerics);

  describe.for(TILES)('with %s tiles', (tile) => {
    const open = () => createWasmEngine(module, numerics, tile, ARENA_BYTES);

    test('equal the plain ones to the last bit on awkward shapes and values', () => {
      expect(findDifference(open(), reference)).toBeUndefined();
    });

    test('multiply random shapes like the plain ones', () => {
      const draws = createDraws(3);
      for (let trial = 0; trial < 60; trial++) {
        const [m, n, k] = [0, 1, 2].map(() => draws.integer(1, 40));
        const leafSizes = Uint32Array.from({ length: draws.integer(1, 9) }, () => draws.integer(0, 5));
        const rows = leafSizes.reduce((sum, size) => sum + size, 0);
        const [a, b, x] = [m * k, k * n, rows * Math.max(m, n)].map((length) => draws.floats(length, 3));
        const results = (engine: Engine) => {
          const own = (values: Float32Array) => {
            const buffer = engine.allocate(values.length);
            buffer.set(values);
            return buffer;
          };
          const c = [0, 1, 2].map(() => engine.allocate(m * n));
          const { kernels } = engine;
          kernels.matmul(own(a), own(b), c[0], m, n, k);
          kernels.matmulTransposedB(own(a), own(b), c[1], m, n, k);
          kernels.matmulTransposedA(own(x), own(x), c[2], m, n, leafSizes);
          return c.map((values) => Array.from(values));
        };
        expect(results(open()), `${m} × ${n} × ${k}, leaves ${leafSizes}`).toEqual(results(reference));
      }
    });
  });

  test('refuse memory that is not their own, and say when theirs is full', () => {
    const engine = createWasmEngine(module, numerics, '4x8', ARENA_BYTES);
    expect(() => engine.kernels.addInto(engine.allocate(1), new Float32Array(1))).toThrow(/own engine/);
    expect(() => engine.allocate(ARENA_BYTES)).toThrow(/the model does not fit: 16 MiB more on top of 1 MiB/);
  });
});

test('a kernel with one wrong bit is found', () => {
  const engine = openEngine('strict');
  const broken: Engine = {
    ...engine,
    kernels: {
      ...engine.kernels,
      matmul(a, b, c, m, n, k) {
        engine.kernels.matmul(a, b, c, m, n, k);
        if (n === 35) c[c.length - 1] += 2 ** -20;
      },
    },
  };
  expect(findDifference(broken, createNaiveEngine('strict'))).toBe('matmul, 13 × 35 × 9');
});
