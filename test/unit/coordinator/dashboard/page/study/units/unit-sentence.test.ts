import { expect, test } from 'vitest';
import {
  type LooksFor,
  looksFor,
} from '../../../../../../../coordinator/dashboard/page/study/units/unit-sentence.ts';

const names = ['Coat', 'Shirt', 'Boot'];
const labels = Uint8Array.of(2, 2, 2, 0, 1, 0);
const found = {
  name: 'activation1',
  perUnit: 4,
  indices: Uint32Array.of(0, 1, 2, 3, 3, 4, 5, 0, 0, 1, 2, 3),
  values: Float32Array.of(4, 3, 2.5, 2, 9, 8, 7, 6, 0, 0, 0, 0),
  classMeans: Float32Array.of(0.1, 0.2, 3, 1, 1.5, 0.5, 0, 0, 0),
};
const of = (unit: number): LooksFor => looksFor(found, unit, labels, names, 'dense1');

test('a unit whose strongest examples are of one class looks for it', () => {
  expect(of(0)).toEqual({
    sentence: 'Unit 0 of dense1 looks for “Boot”: 3 of its 4 strongest examples show it.',
    detail:
      'There its output is 2.00 to 4.00. Of all classes, its mean output is largest for “Boot” ' +
      '(3.0) and smallest for “Coat” (0.10).',
  });
});

test('others look for what classes share', () => {
  expect(of(1).sentence).toBe(
    'Unit 1 of dense1 looks for something that 3 classes share: 2 × Coat, 1 × Shirt, 1 × Boot.',
  );
});

test('a dead unit looks for nothing', () => {
  expect(of(2).sentence).toBe(
    'Unit 2 of dense1 looks for nothing: its output is 0 for all examples.',
  );
});

test('classes without examples have no mean', () => {
  const classMeans = Float32Array.of(Number.NaN, 2, Number.NaN);
  const { detail } = looksFor({ ...found, classMeans }, 0, labels, names, 'dense1');
  expect(detail.trim()).toBe('There its output is 2.00 to 4.00.');
});
