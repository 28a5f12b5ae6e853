import { expect, test } from 'vitest';
import { parseNpyPictures } from '../../../../shared/pictures/parse-npy.ts';
import { npyFile } from '../../../support/npy-writer.ts';

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const doubles = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const ints = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

test.for([
  ['|u1', '3', Uint8Array.of(0, 7, 255), [0, 7, 255]],
  ['<i4', '3', ints(0, 7, 255), [0, 7, 255]],
  ['<f4', '3', floats(0, 0.5, 1), [0, 128, 255]],
  ['<f8', '2', doubles(1, 0), [255, 0]],
] as const)('an array of %s becomes bytes', ([type, shape, data, bytes]) => {
  expect([...parseNpyPictures(npyFile(type, shape, data)).values]).toEqual(bytes);
});

test.for([
  ['other numbers', npyFile('<f4', '2', floats(0.5, 7)), 'value 1 is 7, not from 0 to 1'],
  ['no numbers', npyFile('<f4', '1', floats(Number.NaN)), 'value 0 is NaN'],
  ['large integers', npyFile('<i4', '1', ints(256)), 'value 0 is 256, not from 0 to 255'],
] as const)('an array is refused: %s', ([, file, message]) => {
  expect(() => parseNpyPictures(file)).toThrow(message);
});
