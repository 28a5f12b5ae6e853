import { describe, expect, test } from 'vitest';
import {
  backgroundOf,
  looksInverted,
  preparePicture,
} from '../../../../coordinator/prediction/prepare.ts';

const gray = (height: number, width: number, values: readonly number[]) => ({
  height,
  width,
  channels: 1 as const,
  pixels: Uint8Array.from(values),
});
const even = (height: number, width: number, value: number) =>
  gray(height, width, new Array(height * width).fill(value));

describe('a picture that is prepared', () => {
  test('keeps its bytes if it fits', () => {
    const picture = gray(1, 2, [7, 8]);
    const prepared = preparePicture(picture, { height: 1, width: 2, channels: 1 }, false);
    expect(prepared).toEqual({ picture, steps: ['2 × 1 pixels'] });
  });

  test('tells what was done, in order', () => {
    const color = { height: 2, width: 4, channels: 3 as const, pixels: new Uint8Array(24) };
    const { picture, steps } = preparePicture(color, { height: 2, width: 2, channels: 1 }, true);
    expect(steps).toEqual([
      '4 × 2 pixels',
      'made gray',
      'scaled to 2 × 1, with margins to 2 × 2',
      'inverted',
    ]);
    expect(picture).toEqual(gray(2, 2, [255, 255, 255, 255]));
    const small = preparePicture(even(4, 4, 9), { height: 2, width: 2, channels: 3 }, false);
    expect(small.steps).toEqual(['4 × 4 pixels', 'made color', 'scaled to 2 × 2']);
  });

  test('must have as many channels as pictures can have', () => {
    const input = { height: 2, width: 2, channels: 2 };
    expect(() => preparePicture(even(2, 2, 9), input, false)).toThrow('images of 2 channels');
  });
});

describe('a background', () => {
  test('is the brightness of the edges of the dataset', () => {
    const pixels = Uint8Array.from([1, 1, 1, 1, 255, 1, 1, 1, 1, ...new Array(9).fill(5)]);
    const set = { count: 2, inputs: pixels, labels: new Uint8Array(2) };
    expect(backgroundOf(set, { height: 3, width: 3, channels: 1 })).toBe(3);
  });

  test('looks inverted only if one is clearly light and the other clearly dark', () => {
    const isOdd = (edge: number, background: number) => looksInverted(even(2, 2, edge), background);
    expect([isOdd(250, 10), isOdd(10, 250)]).toEqual([true, true]);
    expect([isOdd(250, 250), isOdd(10, 10), isOdd(128, 10), isOdd(250, 128)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
