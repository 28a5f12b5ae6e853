import { expect, test } from 'vitest';
import {
  assertSize,
  edgeBrightness,
  inverted,
  withChannels,
} from '../../../../shared/pictures/picture.ts';

const gray = (height: number, width: number, ...values: number[]) => ({
  height,
  width,
  channels: 1 as const,
  pixels: Uint8Array.from(values),
});

test('colors become gray by their brightness', () => {
  const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9);
  const picture = { height: 2, width: 2, channels: 3 as const, pixels };
  expect(withChannels(picture, 1)).toEqual(gray(2, 2, 76, 150, 29, 9));
  expect(withChannels(picture, 3)).toBe(picture);
});

test('gray becomes three equal colors', () => {
  expect([...withChannels(gray(1, 2, 7, 8), 3).pixels]).toEqual([7, 7, 7, 8, 8, 8]);
});

test('an inverted picture is light where it was dark', () => {
  expect([...inverted(gray(1, 3, 0, 100, 255)).pixels]).toEqual([255, 155, 0]);
});

test('the brightness of the edge leaves the inside out', () => {
  expect(edgeBrightness(gray(3, 3, 1, 2, 3, 4, 255, 6, 7, 8, 9))).toBe(5);
  expect(edgeBrightness(gray(1, 2, 10, 20))).toBe(15);
  expect(edgeBrightness(gray(3, 1, 10, 20, 30))).toBe(20);
});

test('a size must be within its bound', () => {
  expect(() => assertSize(10, 10, 100)).not.toThrow();
  expect(() => assertSize(10, 11, 100)).toThrow('it has 10 × 11 pixels, more than 100: make it');
  expect(() => assertSize(10, 0, 100)).toThrow('it has 10 × 0 pixels');
});
