const SHADES = ' ·░▒▓█';

/**
 * A gray picture [height, width, channels] with values in [0, 1] as lines of text. Two rows of
 * pixels are one line, because a character is about twice as high as wide.
 */
export function pictureLines(
  pixels: Float32Array,
  { height, width, channels }: { height: number; width: number; channels: number },
): string[] {
  const valueAt = (row: number, column: number): number => {
    const at = (Math.min(row, height - 1) * width + column) * channels;
    return pixels.subarray(at, at + channels).reduce((sum, value) => sum + value, 0) / channels;
  };
  const shadeAt = (row: number, column: number): string => {
    const mean = (valueAt(row, column) + valueAt(row + 1, column)) / 2;
    return SHADES[Math.min(SHADES.length - 1, Math.floor(mean * SHADES.length))];
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
    Array.from({ length: width }, (_, column) => shadeAt(2 * line, column)).join(''),
  );
}
