import { describe, expect, test } from 'vitest';
import { isNpy, parseNpy } from '../../../../shared/pictures/parse-npy.ts';
import { npyFile } from '../../../support/npy-writer.ts';

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe('an array of NumPy', () => {
  test('has a shape and bytes', () => {
    const file = npyFile('|u1', '2, 3', bytes);
    expect(isNpy(file)).toBe(true);
    expect(isNpy(bytes)).toBe(false);
    expect(parseNpy(file)).toEqual({ shape: [2, 3], values: Buffer.from(bytes) });
    expect(parseNpy(npyFile('|u1', '6,', bytes)).shape).toEqual([6]);
  });

  // Written by numpy 1.24: numpy.save(…, numpy.arange(4, dtype='u1').reshape(2, 2)).
  test('is read as NumPy writes it', () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }";
    const start = Buffer.from('934e554d505901007600', 'hex');
    const text = Buffer.from(`${header.padEnd(0x75)}\n`);
    const { shape, values } = parseNpy(Buffer.concat([start, text, Uint8Array.of(0, 1, 2, 3)]));
    expect([shape, [...values]]).toEqual([
      [2, 2],
      [0, 1, 2, 3],
    ]);
  });

  test('of numbers from 0 to 1 becomes bytes', () => {
    expect([...parseNpy(npyFile('<f4', '3', floats(0, 0.5, 1))).values]).toEqual([0, 128, 255]);
    const doubles = new Uint8Array(Float64Array.of(1, 0).buffer);
    expect([...parseNpy(npyFile('<f8', '2', doubles)).values]).toEqual([255, 0]);
  });

  test.for([
    ['other numbers', npyFile('<f4', '2', floats(0.5, 7)), 'value 1 is 7, not from 0 to 1'],
    ['no numbers', npyFile('<f4', '1', floats(Number.NaN)), 'value 0 is NaN'],
    ['integers', npyFile('<i8', '1', bytes), 'type "<i8": save array.astype("uint8")'],
    ['columns first', npyFile('|u1', '6', bytes, 'True'), 'save numpy.ascontiguousarray(array)'],
    ['too few values', npyFile('|u1', '7', bytes), 'shape is (7), but it has 6 values'],
    ['a huge shape', npyFile('|u1', '9'.repeat(400), bytes), 'but it has 6 values'],
    ['a strange shape', npyFile('|u1', '-1', bytes), 'its header has no shape'],
    ['no header', npyFile('|u1', '6', bytes).subarray(0, 40), 'its header is cut short'],
    ['nothing', Buffer.from('\x93NUMPY', 'latin1'), 'it is cut short'],
  ] as const)('is refused: %s', ([, file, message]) => {
    expect(() => parseNpy(file)).toThrow(message);
  });
});
