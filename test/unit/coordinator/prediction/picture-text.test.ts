import { expect, test } from 'vitest';
import { drawPicture } from '../../../../coordinator/prediction/picture-text.ts';

const cell = (upper: number, lower: number) => `\x1b[38;5;${upper};48;5;${lower}m▀`;

test('a character shows two pixels, one above the other', () => {
  const pixels = Uint8Array.of(0, 255, 128, 10, 200, 0);
  const lines = drawPicture({ height: 3, width: 2, channels: 1, pixels });
  expect(lines).toEqual([
    `${cell(16, 244)}${cell(231, 232)}\x1b[0m`,
    `${cell(251, 16)}${cell(16, 16)}\x1b[0m`,
  ]);
});

test('colors are the nearest of 216', () => {
  const pixels = Uint8Array.of(255, 0, 0, 0, 255, 102);
  expect(drawPicture({ height: 2, width: 1, channels: 3, pixels })).toEqual([
    `${cell(16 + 36 * 5, 16 + 6 * 5 + 2)}\x1b[0m`,
  ]);
});
