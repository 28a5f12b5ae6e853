import type { Picture } from '../../shared/pictures/picture.ts';

/** A block that fills the upper half of a character: two pixels, one above the other. */
const UPPER_HALF = '▀';
const RESET = '\x1b[0m';

/**
 * Draws a picture for a terminal: a character for two pixels. An odd last row stands on black. The
 * colors are those of 256, which nearly all terminals have.
 */
export function drawPicture({ height, width, channels, pixels }: Picture): string[] {
  const colorAt = (y: number, x: number): number => {
    if (y >= height) return BLACK;
    const at = (y * width + x) * channels;
    return channels === 1 ? grayColor(pixels[at]) : cubeColor(pixels.subarray(at, at + 3));
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    const cells = Array.from({ length: width }, (_, x) => {
      const [upper, lower] = [colorAt(2 * line, x), colorAt(2 * line + 1, x)];
      return `\x1b[38;5;${upper};48;5;${lower}m${UPPER_HALF}`;
    });
    return cells.join('') + RESET;
  });
}

const BLACK = 16;
const WHITE = 231;

/** The nearest of black, 24 grays and white. */
function grayColor(value: number): number {
  const level = Math.round((value / 255) * 25);
  return level === 0 ? BLACK : level === 25 ? WHITE : 231 + level;
}

/** The nearest color of a cube of 6 × 6 × 6. */
function cubeColor(rgb: Uint8Array): number {
  const [red, green, blue] = Array.from(rgb, (value) => Math.round(value / 51));
  return 16 + 36 * red + 6 * green + blue;
}
