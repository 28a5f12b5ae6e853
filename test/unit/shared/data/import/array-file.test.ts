import { describe, expect, test } from 'vitest';
import type { NpyArray, NpyTexts } from '../../../../../shared/data/formats/npy.ts';
import { fromArrays } from '../../../../../shared/data/import/array-file.ts';
import { importContext, importOptions } from '../../../../support/import-context.ts';

const array = (shape: number[], ...values: number[]): NpyArray => ({
  shape,
  values: Float32Array.from(values),
});
const bytes = (shape: number[], ...values: number[]): NpyArray => ({
  shape,
  values: Uint8Array.from(values),
});

function read(arrays: Record<string, NpyArray | NpyTexts>) {
  const context = importContext();
  const examples = fromArrays(new Map(Object.entries(arrays)), 'a.npz', importOptions(), context);
  return { ...examples, notes: context.notes };
}

describe('arrays', () => {
  test.for([
    ['x_train', 'y_train', 'x_test', 'y_test'],
    ['Xtrain', 'ytrain', 'Xtest', 'ytest'],
    ['train_images', 'train_labels', 'test_images', 'test_labels'],
  ])('are known by the names %s', ([x, y, otherX, otherY]) => {
    const { inputs, target, isTest } = read({
      [x]: bytes([2, 1, 2], 1, 2, 3, 4),
      [y]: bytes([2], 0, 1),
      [otherX]: bytes([1, 1, 2], 5, 6),
      [otherY]: bytes([1], 1),
    });
    expect(inputs).toMatchObject({ kind: 'images', pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(target).toMatchObject({ values: Float64Array.of(0, 1, 1) });
    expect([...(isTest ?? [])]).toEqual([0, 0, 1]);
  });

  test('may be a pair that is to be split', () => {
    expect(read({ x: array([2, 1], 1, 2), y: array([2], 0.5, 1) }).isTest).toBeUndefined();
    expect(read({ arr_0: array([2, 1], 1, 2), arr_1: array([2], 1, 0) }).notes).toEqual([
      'arr_0 are the inputs and arr_1 the targets',
    ]);
  });

  test('of rows become columns', () => {
    const { inputs } = read({ x: array([2, 2], 1, 2, 3, 4), y: array([2], 0, 1) });
    expect(inputs).toEqual({
      kind: 'table',
      columns: [
        { name: 'column 1', kind: 'number', values: Float64Array.of(1, 3) },
        { name: 'column 2', kind: 'number', values: Float64Array.of(2, 4) },
      ],
    });
  });

  test('of images get bytes, with channels last', () => {
    const floats = read({ x: array([1, 1, 2], 0, 0.5), y: array([1], 3) });
    expect(floats.inputs).toMatchObject({ pixels: Uint8Array.of(0, 128) });
    const planes = Array.from({ length: 75 }, (_, i) => i + 100);
    const { inputs, notes } = read({ x: bytes([1, 3, 5, 5], ...planes), y: bytes([1], 3) });
    expect(inputs).toMatchObject({ height: 5, width: 5, channels: 3 });
    expect([...(inputs as { pixels: Uint8Array }).pixels.subarray(0, 4)]).toEqual([
      100, 125, 150, 101,
    ]);
    expect(notes).toEqual(['images have their channels first: they are put last']);
  });

  test('may have targets in a column, as ones among zeros, or as texts', () => {
    const x = array([2, 1], 1, 2);
    expect(read({ x, y: array([2, 1], 7, 8) }).target).toMatchObject({
      values: Float64Array.of(7, 8),
    });
    expect(read({ x, y: array([2, 3], 0, 0, 1, 0, 1, 0) }).target).toMatchObject({
      values: Float64Array.of(2, 1),
    });
    const texts = { shape: [2], texts: ['b', 'a'] };
    expect(read({ x, y: texts }).target).toMatchObject({ kind: 'text', texts: ['b', 'a'] });
  });

  const y = bytes([2], 0, 1);
  test.for([
    [
      'other names',
      { a: y, b: y },
      'looked for arrays x_train, y_train, x_test, y_test, or x and y',
    ],
    ['other lengths', { x: array([3, 1], 1, 2, 3), y }, '3 inputs, but 2 targets. Save them'],
    [
      'mixed sizes',
      {
        x_train: bytes([2, 1, 1], 1, 2),
        y_train: y,
        x_test: bytes([2, 1, 2], 1, 2, 3, 4),
        y_test: y,
      },
      'examples of 1 × 1 values for training and of 1 × 2 for testing',
    ],
    [
      'NaN',
      { x: array([2, 2], 1, 2, Number.NaN, 4), y },
      'row 1, value 0 is NaN. Replace it first',
    ],
    ['NaN as target', { x: array([2, 1], 1, 2), y: array([2], 1, Number.NaN) }, 'value 0 is NaN'],
    ['large pixels', { x: array([2, 1, 1], 1, 900), y }, 'pixels are from 1 to 900'],
    ['two channels', { x: bytes([2, 1, 1, 2], 1, 2, 3, 4), y }, 'images have 2 channels'],
    ['five dimensions', { x: bytes([2, 1, 1, 1, 1], 1, 2), y }, 'has too many dimensions'],
    [
      'no ones',
      { x: array([2, 1], 1, 2), y: array([2, 2], 1, 1, 0, 1) },
      'the target of row 0 has 2',
    ],
  ] as const)('are refused: %s', ([, arrays, message]) => {
    expect(() => read(arrays)).toThrow(message);
  });
});
