import { describe, expect, test } from 'vitest';
import { createDataset } from '../../../../shared/data/dataset.ts';
import { INPUT_FORMS, parseIdx } from '../../../../shared/data/idx.ts';
import {
  createTable,
  createTableFiles,
  createToyDataset,
  createToyFiles,
  idx,
  TOY_SHAPE,
} from '../../../support/toy-dataset.ts';

describe('an IDX file', () => {
  const file = idx([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));

  test('is parsed to its shape and values', () => {
    const { shape, values } = parseIdx(file, [[8, 2]], 'images');
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
    expect(() => parseIdx(bytes, [[8, 2]], 'images')).toThrow(message);
  });
});

describe('an IDX file of larger values', () => {
  test('is read in the order of its bytes', () => {
    const numbers = Float32Array.of(-1.5, 3e-40, 7);
    expect(parseIdx(idx([3], numbers), [[13, 1]], 'targets').values).toEqual(numbers);
    const classes = Int32Array.of(0, 65_535, -1);
    expect(parseIdx(idx([3], classes), [[12, 1]], 'labels').values).toEqual(classes);
  });

  test('that is of another form than all that are read is told what is', () => {
    expect(() => parseIdx(idx([3], Float32Array.of(1, 2, 3)), INPUT_FORMS, 'rows')).toThrow(
      'rows: begins with 0x00000d01, but it should be an IDX file with u8 values in 3 dimensions ' +
        '(0x00000803), or u8 values in 4 dimensions (0x00000804), or f32 values in 2 dimensions ' +
        '(0x00000d02)',
    );
  });

  test('that ends in the middle of a value is rejected', () => {
    const cut = idx([3], Float32Array.of(1, 2, 3)).subarray(0, -2);
    expect(() => parseIdx(cut, [[13, 1]], 'targets')).toThrow('3 values, but 2.5 follow');
  });
});

describe('a dataset', () => {
  const { manifest, contents } = createToyFiles();

  test('has counts, an image size, pixels and labels', () => {
    const { train, test: tested, inputCount, kind, shape } = createDataset(manifest, contents);
    expect([train.count, tested.count, inputCount, kind]).toEqual([600, 520, 20, 'images']);
    expect(shape).toEqual({ height: 4, width: 5, channels: 1 });
    expect(train.inputs).toEqual(new Uint8Array(contents.trainImages.subarray(16)));
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

  test('of color images has channels', () => {
    const { shape, inputCount, train } = createToyDataset({ ...TOY_SHAPE, channels: 3 });
    expect([shape, inputCount]).toEqual([{ height: 4, width: 5, channels: 3 }, 60]);
    expect(train.inputs).toHaveLength(600 * 60);
  });

  test('of rows has features, and classes or targets', () => {
    const table = createTable(5);
    expect([table.kind, table.shape.channels, table.train.labels.constructor]).toEqual([
      'features',
      6,
      Int32Array,
    ]);
    const regression = createTable();
    expect(regression.train.labels).toBeInstanceOf(Float32Array);
    expect(regression.train.inputs).toEqual(createTable().train.inputs);
  });

  test.for([
    [
      'a feature that is no number',
      { trainImages: idx([600, 6], new Float32Array(3600).fill(NaN)) },
      'row 0, value 0 is NaN',
    ],
    [
      'a target that is infinite',
      { testLabels: idx([520], new Float32Array(520).fill(Infinity)) },
      'row 0, value 0 is Infinity',
    ],
    [
      'other columns than its manifest',
      {
        trainImages: idx([600, 5], new Float32Array(3000)),
        testImages: idx([520, 5], new Float32Array(2600)),
      },
      'describe 6 features, but its files have rows of 5 features',
    ],
    [
      'classes in place of targets',
      { trainLabels: idx([600], new Uint8Array(600)) },
      'f32 values in 1 dimension',
    ],
    [
      'images for a test',
      { testImages: idx([520, 1, 6], new Uint8Array(3120)) },
      'training rows of 6 features, but test images of 1 × 6 pixels',
    ],
  ] as const)('of rows with %s is rejected', ([, replaced, message]) => {
    const files = createTableFiles();
    expect(() => createDataset(files.manifest, { ...files.contents, ...replaced })).toThrow(
      message,
    );
  });

  test('whose labels begin at 1 is told how many names it needs', () => {
    const labels = new Uint8Array(520).map((_, i) => 1 + (i % 3));
    expect(() => createDataset(manifest, { ...contents, testLabels: idx([520], labels) })).toThrow(
      'give 4 names',
    );
  });
});
