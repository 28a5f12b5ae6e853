import { expect, test } from 'vitest';
import { usableNumerics } from '../../../../coordinator/inspection/evaluate-command.ts';

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
