import { expect, test } from 'vitest';
import {
  assertImages,
  usableNumerics,
} from '../../../../coordinator/inspection/evaluate-command.ts';
import { FASHION_MNIST } from '../../../../shared/data/manifest.ts';

const said: unknown[] = [];
const report = (event: unknown) => void said.push(event);

test('a run is evaluated with its own numerics where the machine has them', () => {
  expect(usableNumerics('fused', ['fused', 'strict'], report)).toBe('fused');
  expect(usableNumerics('strict', ['fused', 'strict'], report)).toBe('strict');
  expect(said).toEqual([]);
});

test('a fused run is evaluated on a machine that has only strict, with a notice', () => {
  expect(usableNumerics('fused', ['strict'], report)).toBe('strict');
  expect(said).toEqual([
    expect.objectContaining({
      code: 'engine',
      message: expect.stringMatching(/cannot compute with fused .* uses strict: the last digits/),
    }),
  ]);
});

test('mirror images are refused where they would show something else', () => {
  const manifest = FASHION_MNIST;
  const { name, files } = manifest;
  const steering = { name, target: { name: 'angle', mean: 0, deviation: 1 }, files };
  assertImages({ kind: 'images', manifest });
  expect(() => assertImages({ kind: 'features', manifest })).toThrow(/^--flip .* has no images/);
  expect(() => assertImages({ kind: 'images', manifest: steering })).toThrow(
    /^--flip is for classes of images, but fashion-mnist has a number as target: leave it out/,
  );
});
