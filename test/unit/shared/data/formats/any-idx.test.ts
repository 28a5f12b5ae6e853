import { expect, test } from 'vitest';
import { parseAnyIdx } from '../../../../../shared/data/formats/any-idx.ts';

const file = (type: number, ...values: number[]) =>
  Uint8Array.of(0, 0, type, 1, 0, 0, 0, 2, ...values);

test.for([
  [8, [1, 255], [1, 255]],
  [9, [1, 255], [1, -1]],
  [11, [1, 0, 255, 255], [256, -1]],
  [12, [0, 0, 1, 0, 255, 255, 255, 255], [256, -1]],
  [13, [0x3f, 0x80, 0, 0, 0xbf, 0, 0, 0], [1, -0.5]],
  [14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0]],
] as const)('an IDX file of type %i is read', ([type, bytes, values]) => {
  const parsed = parseAnyIdx(file(type, ...bytes), 'labels');
  expect([parsed.shape, [...parsed.values]]).toEqual([[2], values]);
});

test('another file, or one that is cut short, is refused', () => {
  expect(() => parseAnyIdx(file(10, 1, 2), 'labels')).toThrow('labels is no IDX file');
  expect(() => parseAnyIdx(Uint8Array.of(0, 0, 8), 'labels')).toThrow('labels is no IDX file');
  expect(() => parseAnyIdx(file(8, 1), 'labels')).toThrow('announces 2 values, but 1 follow');
});
