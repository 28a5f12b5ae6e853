import { expect, test } from 'vitest';
import { pictureLines } from '../../../../shared/cli/picture-lines.ts';

test('two rows of pixels are one line of shades', () => {
  const pixels = Float32Array.of(0, 1, 0.5, /**/ 0, 1, 0.5, /**/ 1, 0.3, 0);
  expect(pictureLines(pixels, { height: 3, width: 3, channels: 1 })).toEqual([' █▒', '█· ']);
});

test('a pixel of several channels is as light as their mean', () => {
  const pixels = Float32Array.of(1, 1, 1, /**/ 0, 0, 0, /**/ 1, 1, 1, /**/ 0, 0, 0);
  expect(pictureLines(pixels, { height: 2, width: 2, channels: 3 })).toEqual(['█ ']);
});
