import { expect, test } from 'vitest';
import { createNaiveEngine } from '../../../../../shared/engine/naive/naive-engine.ts';
import { chooseTile } from '../../../../../shared/engine/self-test/choose-tile.ts';

test('the tile whose product takes the least time', () => {
  let now = 0;
  let costMs = 0;
  const open = (tile: string) => {
    costMs = tile === '5x16' ? 1 : 3;
    const engine = createNaiveEngine('strict');
    const matmul: typeof engine.kernels.matmul = (...operands) => {
      now += costMs;
      engine.kernels.matmul(...operands);
    };
    return { ...engine, kernels: { ...engine.kernels, matmul } };
  };
  const { tile, ...choice } = chooseTile('strict', open, () => now);
  expect(tile).toBe('5x16');
  const { gigaflops } = choice as { gigaflops: Record<string, number> };
  expect(gigaflops['5x16'] / gigaflops['6x16']).toBeCloseTo(3);
});

test('no tile, and the reason, where a kernel is wrong', () => {
  const open = () => {
    const engine = createNaiveEngine('strict');
    const addBias: typeof engine.kernels.addBias = (y, ...others) => {
      engine.kernels.addBias(y, ...others);
      y[0] += 1;
    };
    return { ...engine, kernels: { ...engine.kernels, addBias } };
  };
  const choice = chooseTile('strict', open, () => 0);
  expect(choice).toEqual({
    tile: undefined,
    problem: expect.stringMatching(/^the kernels with 6x16 tiles fail the self-test at .*bias/i),
  });
});
