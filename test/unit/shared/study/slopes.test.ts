import { expect, test } from 'vitest';
import { openStudiedNet } from '../../../support/toy-study.ts';

test('slopes are the derivatives of the layers that change each value on its own', () => {
  const { lab, pixels } = openStudiedNet('everything');
  const { layers, pixels: x } = lab.studyExample(pixels, 0);
  const kinds = layers.map(({ planned, slopes }) => [planned.spec.type, slopes !== undefined]);
  expect(kinds).toEqual([
    ['batch-norm', true],
    ['conv2d', false],
    ['activation', true],
    ['batch-norm', true],
    ['dropout', true],
    ['max-pool', false],
    ['dense', false],
    ['activation', true],
    ['dense', false],
  ]);
  const [first, , , norm, dropout] = layers;
  expect(new Set(dropout.slopes)).toEqual(new Set([1]));
  // A normalization by running averages is a line in each channel.
  const rise = (first.values[1] - first.values[0]) / (x[1] - x[0]);
  expect(first.slopes?.[0]).toBeCloseTo(rise, 4);
  const before = layers[2].values;
  const rises = [0, 1, 2].map((channel) => {
    const [a, b] = [channel, channel + 3];
    return (norm.values[b] - norm.values[a]) / (before[b] - before[a]);
  });
  for (const [channel, value] of rises.entries())
    expect(norm.slopes?.[channel]).toBeCloseTo(value, 2);
});

test('the slope of an activation is its derivative at z', () => {
  const { lab, pixels } = openStudiedNet('sigmoid');
  const [, activation] = lab.studyExample(pixels, 0).layers;
  for (const [unit, a] of activation.values.entries())
    expect(activation.slopes?.[unit]).toBeCloseTo(a * (1 - a), 6);
});
