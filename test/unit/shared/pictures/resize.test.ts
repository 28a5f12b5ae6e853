import { describe, expect, test } from 'vitest';
import { innerSize, resizeToFit } from '../../../../shared/pictures/resize.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

const gray = (height: number, width: number, ...values: number[]) => ({
  height,
  width,
  channels: 1 as const,
  pixels: Uint8Array.from(values),
});
const resized = (picture: ReturnType<typeof gray>, height: number, width: number) => [
  ...resizeToFit(picture, { height, width }).pixels,
];

describe('a picture that is scaled', () => {
  test('has the mean of the area under each pixel', () => {
    expect(resized(gray(2, 4, 0, 10, 20, 30, 40, 50, 60, 70), 1, 2)).toEqual([25, 45]);
    // The middle pixel counts half for both.
    expect(resized(gray(3, 3, 0, 30, 60, 0, 30, 60, 0, 30, 60), 2, 2)).toEqual([10, 50, 10, 50]);
  });

  test('keeps its mean brightness', () => {
    const draws = createDraws(1);
    const values = Array.from({ length: 70 * 70 }, () => draws.integer(0, 255));
    const small = resized(gray(70, 70, ...values), 28, 28);
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b) / list.length;
    expect(mean(small)).toBeCloseTo(mean(values), 0);
  });

  test('can become larger', () => {
    expect(resized(gray(1, 2, 10, 20), 2, 4)).toEqual([10, 10, 20, 20, 10, 10, 20, 20]);
  });

  test('keeps its proportions, between margins as bright as its edge', () => {
    expect(resized(gray(1, 2, 10, 20), 4, 2)).toEqual([15, 15, 10, 20, 15, 15, 15, 15]);
    expect(resized(gray(2, 1, 10, 20), 2, 3)).toEqual([15, 10, 15, 15, 20, 15]);
  });

  test('keeps its colors apart', () => {
    const pixels = Uint8Array.of(0, 100, 200, 10, 110, 210);
    const small = resizeToFit(
      { height: 1, width: 2, channels: 3, pixels },
      { height: 1, width: 1 },
    );
    expect([...small.pixels]).toEqual([5, 105, 205]);
  });

  test('is itself if its size is right', () => {
    const picture = gray(1, 2, 1, 2);
    expect(resizeToFit(picture, { height: 1, width: 2 })).toBe(picture);
  });

  test('has at least a pixel', () => {
    const size = { height: 28, width: 28 };
    expect(innerSize({ height: 1_000_000, width: 3 }, size)).toEqual({ height: 28, width: 1 });
    expect(innerSize({ height: 300, width: 400 }, size)).toEqual({ height: 21, width: 28 });
  });
});
