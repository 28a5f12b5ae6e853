import { formatNumber } from '../../shared/cli/format.ts';

/** Characters for the number of examples at a place, from none to many. */
const SHADES = ' ·:+*#';
const [WIDTH, HEIGHT] = [61, 21];

/**
 * Draws predictions over targets as lines of text. Both axes have one scale, and a `/` or `\` marks
 * where the prediction would be right. `name` is that of the target.
 */
export function scatterLines(
  targets: readonly number[],
  predictions: readonly number[],
  name: string,
): string[] {
  const all = [...targets, ...predictions].filter(Number.isFinite).sort((a, b) => a - b);
  const [least, most] = [all[0] ?? 0, all.at(-1) ?? 1];
  const span = most - least || 1;
  const placeOf = (value: number, size: number) =>
    Math.min(size - 1, Math.floor(((value - least) / span) * size));
  const counts = Array.from({ length: HEIGHT }, () => new Array<number>(WIDTH).fill(0));
  for (const [i, target] of targets.entries())
    if (Number.isFinite(predictions[i]))
      counts[placeOf(predictions[i], HEIGHT)][placeOf(target, WIDTH)]++;
  const reach = Math.max(1, ...counts.flat());
  const shadeOf = (count: number) =>
    SHADES[Math.ceil((Math.log1p(count) / Math.log1p(reach)) * (SHADES.length - 1))];
  const isDiagonal = (row: number, column: number) =>
    Math.round((column * (HEIGHT - 1)) / (WIDTH - 1)) === row;
  const lines = counts.map((row, y) =>
    row
      .map((count, x) => (count === 0 && isDiagonal(y, x) ? '/' : shadeOf(count)))
      .join('')
      .trimEnd(),
  );
  const [low, high] = [least, most].map(formatNumber);
  return [
    `Predicted ${name} (upward) over the true one (to the right); / is where both are equal.`,
    '',
    ...lines.reverse().map((line) => `  │${line}`),
    `  └${'─'.repeat(WIDTH)}`,
    `   ${low}${high.padStart(WIDTH - low.length)}`,
  ];
}

/** How errors are spread: the error that so many of a hundred predictions do not exceed. */
export function errorQuantiles(
  targets: readonly number[],
  predictions: readonly number[],
): { readonly part: number; readonly error: number }[] {
  const errors = targets.map((target, i) => Math.abs(predictions[i] - target));
  errors.sort((a, b) => a - b);
  return [0.5, 0.9, 0.99].map((part) => ({
    part,
    error: errors[Math.min(errors.length - 1, Math.ceil(part * errors.length) - 1)],
  }));
}
