import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { chooseArray, isZip, parseNpz } from '../../../../../shared/data/formats/npz.ts';
import { npyFile } from '../../../../support/npy-writer.ts';

const array = npyFile('|u1', '2', Uint8Array.of(3, 4));

describe('a file of arrays', () => {
  test('has them by name, and nothing else', () => {
    const file = zipSync({ 'x.npy': array, 'y.npy': [array, { level: 0 }], 'notes.txt': array });
    expect(isZip(file)).toBe(true);
    const arrays = parseNpz(file);
    expect([...arrays.keys()]).toEqual(['x', 'y']);
    expect(arrays.get('y')).toEqual({ shape: [2], values: Uint8Array.of(3, 4) });
  });

  test('unpacks to no more than is allowed', () => {
    const bomb = zipSync({ 'x.npy': new Uint8Array(2_000_000) });
    expect(bomb.length).toBeLessThan(5_000);
    expect(() => parseNpz(bomb, 1_000_000)).toThrow('it unpacks to more than 1000000 bytes');
  });

  test('unpacks to no more than it announces', () => {
    const file = zipSync({ 'x.npy': npyFile('|u1', '60000', new Uint8Array(60_000)) });
    // The unpacked length, in the directory at the end.
    const view = new DataView(file.buffer, file.byteOffset);
    const directory = view.getUint32(file.length - 6, true);
    view.setUint32(directory + 24, 200, true);
    expect(() => parseNpz(file)).toThrow('its array "x.npy": its shape is (60000), but it has');
  });

  test('is refused if it is cut short or has a damaged array', () => {
    const file = zipSync({ 'x.npy': array });
    expect(() => parseNpz(file.subarray(0, 60))).toThrow('it is damaged');
    expect(() => parseNpz(zipSync({ 'x.npy': array.subarray(0, 40) }))).toThrow(
      'its array "x.npy": its header is cut short',
    );
  });

  test('gives the array of inputs', () => {
    const [one, two] = [npyFile('|u1', '1', Uint8Array.of(1)), array].map((content) => content);
    const chosen = (files: Record<string, Uint8Array>) =>
      chooseArray(parseNpz(zipSync(files))).values.length;
    expect(chosen({ 'anything.npy': two })).toBe(2);
    expect(chosen({ 'y.npy': one, 'x.npy': two })).toBe(2);
    expect(() => chosen({ 'a.npy': one, 'b.npy': two })).toThrow('it has the arrays a, b: save');
  });
});
