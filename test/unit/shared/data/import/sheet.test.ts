import { expect, test } from 'vitest';
import type { ImportedDataset } from '../../../../../shared/data/import/assemble.ts';
import { drawSheet } from '../../../../../shared/data/import/sheet.ts';
import { decodePng } from '../../../../../shared/pictures/decode-png.ts';

const dataset = (change: Partial<ImportedDataset>): ImportedDataset => ({
  format: 'a test',
  definition: { name: 'toy', classNames: ['a', 'b'] },
  shape: [1, 2],
  train: { count: 3, inputs: Uint8Array.of(1, 2, 3, 4, 5, 6), labels: Uint8Array.of(1, 0, 1) },
  test: { count: 1, inputs: Uint8Array.of(1, 2), labels: Uint8Array.of(0) },
  duplicates: 0,
  ...change,
});

const draw = (change: Partial<ImportedDataset>) => {
  const sheet = drawSheet(dataset(change));
  return sheet && decodePng(sheet, 10_000);
};

test('a sheet has a row for each class', () => {
  const sheet = draw({});
  expect(sheet).toMatchObject({ height: 4, width: 6, channels: 1 });
  const line = (y: number) => [...(sheet?.pixels.subarray(y * 6, (y + 1) * 6) ?? [])];
  expect(line(0)).toEqual([3, 4, 128, 128, 128, 128]);
  expect(line(3)).toEqual([1, 2, 128, 128, 5, 6]);
});

test('a sheet of numbers has rows of any images', () => {
  const definition = { name: 'toy', target: { name: 'y', mean: 0, deviation: 1 } };
  const sheet = draw({ definition });
  expect([...(sheet?.pixels ?? [])]).toEqual([1, 2, 128, 128, 3, 4, 128, 128, 5, 6]);
});

test('a table has no sheet', () => {
  const train = { count: 1, inputs: Float32Array.of(1), labels: Uint8Array.of(0) };
  expect(draw({ shape: [1], train })).toBeUndefined();
});
