import { describe, expect, test } from 'vitest';
import { decodePng, isPng } from '../../../../shared/pictures/decode-png.ts';
import { grayPng, type PngParts, pngChunk, pngFile } from '../../../support/png-writer.ts';

const PIXELS_MAX = 10_000;
const decode = (parts: PngParts) => decodePng(pngFile(parts), PIXELS_MAX);
const rows = (...values: number[][]) => Uint8Array.from(values.flat());

describe('a PNG file', () => {
  test('is known by its first bytes', () => {
    expect(isPng(grayPng(1, 1, Uint8Array.of(7)))).toBe(true);
    expect(isPng(Uint8Array.of(0x89, 0x50))).toBe(false);
  });

  test('is decoded to gray pixels', () => {
    const pixels = Uint8Array.of(0, 128, 255, 1, 2, 3);
    expect(decodePng(grayPng(2, 3, pixels), 6)).toEqual({
      height: 2,
      width: 3,
      channels: 1,
      pixels,
    });
  });

  // The sums of each filter, worked out by hand.
  test.for([
    ['none', 0, [5, 6, 7]],
    ['left', 1, [5, 11, 18]],
    ['up', 2, [15, 26, 37]],
    ['mean of left and up', 3, [10, 21, 32]],
    ['Paeth', 4, [15, 26, 37]],
  ] as const)('may be filtered: %s', ([, filter, expected]) => {
    const filteredRows = rows([0, 10, 20, 30], [filter, 5, 6, 7]);
    const { pixels } = decode({ width: 3, height: 2, filteredRows });
    expect([...pixels.subarray(3)]).toEqual(expected);
  });

  test('may be filtered in its first row, above which there is nothing', () => {
    for (const [filter, expected] of [
      [2, [200, 100]],
      [3, [200, 200]],
      [4, [200, 44]],
    ] as const) {
      const filteredRows = rows([filter, 200, 100]);
      expect([...decode({ width: 2, height: 1, filteredRows }).pixels]).toEqual(expected);
    }
  });

  test.for([
    [1, [0b10100000], [255, 0, 255]],
    [2, [0b00011011], [0, 85, 170]],
    [4, [0x0f, 0x80], [0, 255, 136]],
    [8, [1, 2, 3], [1, 2, 3]],
    [16, [1, 99, 2, 99, 3, 99], [1, 2, 3]],
  ] as const)('may have %d bits', ([depth, bytes, expected]) => {
    const filteredRows = rows([0, ...bytes]);
    const { pixels } = decode({ width: 3, height: 1, depth, filteredRows });
    expect([...pixels]).toEqual(expected);
  });

  test('may have colors, and lies on white where it is transparent', () => {
    const color = decode({ width: 1, height: 1, colorType: 2, filteredRows: rows([0, 1, 2, 3]) });
    expect([color.channels, [...color.pixels]]).toEqual([3, [1, 2, 3]]);
    const filteredRows = rows([0, 10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 51]);
    const clear = decode({ width: 3, height: 1, colorType: 6, filteredRows });
    expect([...clear.pixels]).toEqual([10, 20, 30, 255, 255, 255, 204, 224, 244]);
    const gray = decode({
      width: 2,
      height: 1,
      colorType: 4,
      filteredRows: rows([0, 9, 255, 9, 0]),
    });
    expect([gray.channels, [...gray.pixels]]).toEqual([1, [9, 255]]);
  });

  test('may have a palette', () => {
    const before = [
      pngChunk('PLTE', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)),
      pngChunk('tRNS', Uint8Array.of(255, 0)),
    ];
    const filteredRows = rows([0, 0b10000100]);
    const parts = { width: 3, height: 1, colorType: 3, depth: 2, before, filteredRows };
    expect([...decode(parts).pixels]).toEqual([7, 8, 9, 1, 2, 3, 255, 255, 255]);
    expect(() => decode({ ...parts, filteredRows: rows([0, 0b11000000]) })).toThrow(
      'its palette has no color 3',
    );
  });
});

describe('a PNG file that is wrong', () => {
  const good = grayPng(2, 3, new Uint8Array(6));

  test('is refused wherever it is cut short', () => {
    for (let length = 8; length < good.length; length++)
      expect(() => decodePng(good.subarray(0, length), PIXELS_MAX)).toThrow(/cut short/);
  });

  test('is refused whichever bit is flipped, or keeps its size', () => {
    for (let bit = 64; bit < 8 * good.length; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodePng(bad, PIXELS_MAX), `bit ${bit}`).toThrow(/damaged/);
    }
  });

  test.for([
    ['more pixels', { width: 3, height: 1 }, 'more pixels than its header says'],
    ['fewer pixels', { width: 3, height: 3 }, 'fewer pixels than its header says'],
    ['no pixels', { width: 0, height: 2 }, 'it has 0 × 2 pixels'],
    ['too many pixels', { width: 101, height: 100 }, 'more than 10000: make it smaller'],
    ['a huge header', { width: 2 ** 32 - 1, height: 2 ** 32 - 1 }, 'more than 10000'],
    ['interlacing', { width: 3, height: 2, interlaced: 1 }, 'save it without interlacing'],
    ['a strange color', { width: 3, height: 2, colorType: 5 }, 'no color type 5 with 8 bits'],
    ['a strange depth', { width: 3, height: 2, depth: 7 }, 'no color type 0 with 7 bits'],
  ] as const)('is refused: %s', ([, parts, message]) => {
    const filteredRows = rows([0, 1, 2, 3], [0, 1, 2, 3]);
    expect(() => decode({ filteredRows, ...parts })).toThrow(message);
  });

  test('is refused for a filter that does not exist', () => {
    expect(() => decode({ width: 1, height: 1, filteredRows: rows([5, 1]) })).toThrow(
      'no filter 5',
    );
  });

  test('unpacks no more than its header says', () => {
    const bomb = pngFile({ width: 3, height: 2, filteredRows: new Uint8Array(50_000_000) });
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => decodePng(bomb, PIXELS_MAX)).toThrow('more pixels than its header says');
  });

  test('is refused without a header', () => {
    const empty = Buffer.concat([good.subarray(0, 8), pngChunk('IEND', new Uint8Array())]);
    expect(() => decodePng(empty, PIXELS_MAX)).toThrow('its header is missing');
  });
});
