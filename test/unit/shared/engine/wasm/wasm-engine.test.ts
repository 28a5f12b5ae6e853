import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../../shared/engine/engine.ts';
import { NUMERICS } from '../../../../../shared/engine/kernels.ts';
import { createNaiveEngine } from '../../../../../shared/engine/naive/naive-engine.ts';
import { createSelfTest } from '../../../../../shared/engine/self-test/self-test.ts';
import { createWasmEngine } from '../../../../../shared/engine/wasm/wasm-engine.ts';
import { TILES } from '../../../../../shared/engine/wasm/wasm-products.ts';
import { openEngine } from '../../../../../shared/host/load-engine.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';

const ARENA_BYTES = 2 ** 22;

describe.for(NUMERICS)('%s WebAssembly kernels', (numerics) => {
  const module = new WebAssembly.Module(
    readFileSync(
      new URL(`../../../../../shared/engine/assembly/${numerics}.wasm`, import.meta.url),
    ),
  );
  const reference = createNaiveEngine(numerics);
  const findDifference = createSelfTest(reference);

  describe.for(TILES)('with %s tiles', (tile) => {
    const open = () => createWasmEngine(module, numerics, tile, ARENA_BYTES);

    test('equal the plain kernels to the last bit on awkward shapes and values', () => {
      expect(findDifference(open())).toBeUndefined();
    });

    test('multiply random shapes like the plain kernels', () => {
      const draws = createDraws(3);
      for (let trial = 0; trial < 60; trial++) {
        const [m, n, k] = [0, 1, 2].map(() => draws.integer(1, 40));
        const leafSizes = Uint32Array.from({ length: draws.integer(1, 9) }, () =>
          draws.integer(0, 5),
        );
        const rows = leafSizes.reduce((sum, size) => sum + size, 0);
        const [a, b, x] = [m * k, k * n, rows * Math.max(m, n)].map((length) =>
          draws.floats(length, 3),
        );
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
        expect(results(open()), `${m} × ${n} × ${k}, leaves ${leafSizes}`).toEqual(
          results(reference),
        );
      }
    });
  });

  test('convolve random images like the plain kernels', () => {
    const draws = createDraws(4);
    for (let trial = 0; trial < 25; trial++) {
      const [height, width] = [draws.integer(1, 7), draws.integer(1, 7)];
      const kernel = draws.integer(1, Math.min(height, width));
      const [stride, padding] = [draws.integer(1, 3), draws.integer(0, kernel - 1)];
      const outputs = (extent: number) => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
      const shape = {
        height,
        width,
        kernel,
        stride,
        padding,
        channels: draws.integer(1, 6),
        filters: draws.integer(1, 20),
        outHeight: outputs(height),
        outWidth: outputs(width),
      };
      const leafSizes = Uint32Array.from({ length: draws.integer(1, 4) }, () =>
        draws.integer(0, 2),
      );
      const rows = leafSizes.reduce((sum, size) => sum + size, 0);
      const inputCount = height * width * shape.channels;
      const outputCount = shape.outHeight * shape.outWidth * shape.filters;
      const weightCount = kernel * kernel * shape.channels * shape.filters;
      const [x, dy, weight] = [rows * inputCount, rows * outputCount, weightCount].map((n) =>
        draws.floats(n, 2),
      );
      const results = (engine: Engine) => {
        const { kernels, allocate } = engine;
        const own = (values: Float32Array) => {
          const buffer = allocate(values.length);
          buffer.set(values);
          return buffer;
        };
        const [y, dx, dWeight] = [dy.length, x.length, weightCount].map(allocate);
        kernels.convolve(shape, own(x), own(weight), y, rows);
        kernels.convolveBackwardInput(shape, own(dy), own(weight), dx, rows);
        kernels.convolveBackwardWeight(shape, own(x), own(dy), dWeight, leafSizes);
        return [y, dx, dWeight].map((values) => Array.from(values));
      };
      const engine = createWasmEngine(module, numerics, TILES[trial % TILES.length], ARENA_BYTES);
      expect(results(engine), JSON.stringify({ shape, leafSizes })).toEqual(results(reference));
    }
  });

  test('reject memory of another engine and report when their own is full', () => {
    const engine = createWasmEngine(module, numerics, '4x8', ARENA_BYTES);
    expect(() => engine.kernels.addInto(engine.allocate(1), new Float32Array(1))).toThrow(
      /own engine/,
    );
    expect(() => engine.allocate(ARENA_BYTES)).toThrow(
      /does not fit into memory: it needs 16 MiB in addition to the 1 MiB in use/,
    );
  });
});

test('the self-test finds a kernel with one wrong value', () => {
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
  expect(createSelfTest(createNaiveEngine('strict'))(broken)).toBe('matmul, 13 × 35 × 9');
});
