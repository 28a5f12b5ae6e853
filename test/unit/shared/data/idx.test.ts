import { describe, expect, test } from 'vitest';
import { createDataset } from '../../../../shared/data/dataset.ts';
import { parseIdx } from '../../../../shared/data/idx.ts';
import { createToyFiles, idx } from '../../../support/toy-dataset.ts';

describe('an IDX file', () => {
  const file = idx([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));

  test('is parsed to its shape and values', () => {
    const { shape, values } = parseIdx(file, 2, 'images');
    expect(shape).toEqual([2, 3]);
    expect(Array.from(values)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.for([
    ['is empty', new Uint8Array(0), 'images: 0 bytes are too few for an IDX file'],
    ['ends in its header', file.subarray(0, 11), 'images: 11 bytes are too few'],
    [
      'has another magic number',
      Uint8Array.of(1, ...file.subarray(1)),
      'images: begins with 0x01000802',
    ],
    ['has other dimensions', idx([6], file.subarray(12)), 'images: begins with 0x00000801'],
    ['is cut short', file.subarray(0, -1), '2 × 3 = 6 values, but 5 follow'],
    ['is too long', Buffer.concat([file, Buffer.of(7)]), '2 × 3 = 6 values, but 7 follow'],
  ] as const)('that %s is rejected with the reason', ([, bytes, message]) => {
    expect(() => parseIdx(bytes, 2, 'images')).toThrow(message);
  });
});

describe('a dataset', () => {
  const { manifest, contents } = createToyFiles();

  test('has counts, an image size, pixels and labels', () => {
    const { train, test: tested, inputs, imageShape } = createDataset(manifest, contents);
    expect([train.count, tested.count, inputs, imageShape]).toEqual([600, 520, 20, [4, 5]]);
    expect(train.pixels).toEqual(new Uint8Array(contents.trainImages.subarray(16)));
    expect(train.labels).toEqual(new Uint8Array(contents.trainLabels.subarray(8)));
  });

  test.for([
    [
      'fewer labels than images',
      { trainLabels: idx([1], Uint8Array.of(0)) },
      '600 images, but 1 labels',
    ],
    [
      'a label without a class',
      { testLabels: idx([520], new Uint8Array(520).fill(3)) },
      'label 3 of example 0',
    ],
    [
      'test images of another size',
      { testImages: idx([520, 1, 1], new Uint8Array(520)) },
      'test images of 1 × 1',
    ],
    [
      'no examples',
      { testImages: idx([0, 4, 5], new Uint8Array(0)), testLabels: idx([0], new Uint8Array(0)) },
      '0 images',
    ],
  ] as const)('with %s is rejected with the reason', ([, replaced, message]) => {
    expect(() => createDataset(manifest, { ...contents, ...replaced })).toThrow(message);
  });
});
