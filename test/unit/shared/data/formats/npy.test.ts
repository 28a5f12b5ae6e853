import { describe, expect, test } from 'vitest';
import { isNpy, parseNpy, parseNpyOrTexts } from '../../../../../shared/data/formats/npy.ts';
import { npyFile } from '../../../../support/npy-writer.ts';

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const big = (...values: bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);

describe('an array of NumPy', () => {
  test('has a shape and numbers', () => {
    const file = npyFile('|u1', '2, 3', bytes);
    expect(isNpy(file)).toBe(true);
    expect(isNpy(bytes)).toBe(false);
    expect(parseNpy(file)).toEqual({ shape: [2, 3], values: bytes });
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

  test.for([
    ['<f4', floats(0.5, -7), [0.5, -7]],
    ['<f8', new Uint8Array(Float64Array.of(0.1, 1e300).buffer), [0.1, 1e300]],
    ['<i4', new Uint8Array(Int32Array.of(-5, 7).buffer), [-5, 7]],
    ['<i8', big(-5n, 2n ** 40n), [-5, 2 ** 40]],
    ['>i2', Uint8Array.of(1, 0, 0, 2), [256, 2]],
    ['|b1', Uint8Array.of(1, 0), [1, 0]],
  ] as const)('of %s is read', ([type, data, values]) => {
    expect([...parseNpy(npyFile(type, '2', data)).values]).toEqual(values);
  });

  test('in the order of Fortran gets the order of C', () => {
    const { values } = parseNpy(npyFile('|u1', '2, 3', bytes, 'True'));
    expect([...values]).toEqual([1, 3, 5, 2, 4, 6]);
    const cube = Uint8Array.from({ length: 24 }, (_, i) => i);
    const { values: ordered } = parseNpy(npyFile('|u1', '2, 3, 4', cube, 'True'));
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++) expect(ordered[i * 12 + j * 4 + k]).toBe(i + 2 * j + 6 * k);
  });

  test('may have texts', () => {
    const data = Buffer.from('c\0\0\0a\0\0\0t\0\0\0o\0\0\0x\0\0\0\0\0\0\0', 'latin1');
    expect(parseNpyOrTexts(npyFile('<U3', '2', data))).toEqual({
      shape: [2],
      texts: ['cat', 'ox'],
    });
    expect(() => parseNpy(npyFile('<U3', '2', data))).toThrow('it holds text, not numbers');
  });

  test.for([
    ['objects', npyFile('|O', '1', bytes), 'it holds Python objects: save array.astype("float32")'],
    ['a strange type', npyFile('<c8', '1', bytes), 'type "<c8": save array.astype("float32")'],
    ['too few values', npyFile('|u1', '7', bytes), 'shape is (7), but it has 6 values'],
    ['a huge shape', npyFile('|u1', '9'.repeat(400), bytes), 'but it has 6 values'],
    ['a strange shape', npyFile('|u1', '-1', bytes), 'its header has no shape'],
    ['no header', npyFile('|u1', '6', bytes).subarray(0, 40), 'its header is cut short'],
    ['nothing', Buffer.from('\x93NUMPY', 'latin1'), 'it is cut short'],
    ['another file', bytes, 'it is no NPY file'],
  ] as const)('is refused: %s', ([, file, message]) => {
    expect(() => parseNpy(file)).toThrow(message);
  });
});
