/*
 * The scales of a chart, without a document. A scale leads from values to pixels, and has ticks.
 */

/** The values of an axis. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** Whether equal distances are equal ratios. Both ends are positive then. */
  readonly isLog?: boolean;
}

/** Pixels of values, and back. */
export interface Scale {
  (value: number): number;
  readonly valueAt: (pixel: number) => number;
}

/** What is farther out of sight than so many pixels is drawn there. A canvas has its limits. */
const PIXELS_MAX = 1e5;

/** `start` and `end` are the pixels of the ends. */
export function createScale({ from, to, isLog }: Span, start: number, end: number): Scale {
  const place = (value: number) => (isLog ? Math.log(Math.max(value, Number.MIN_VALUE)) : value);
  const low = place(from);
  const perUnit = (end - start) / (place(to) - low || 1);
  const scale = (value: number) =>
    Math.max(-PIXELS_MAX, Math.min(PIXELS_MAX, start + (place(value) - low) * perUnit));
  return Object.assign(scale, {
    valueAt(pixel: number) {
      const at = low + (pixel - start) / perUnit;
      return isLog ? Math.exp(at) : at;
    },
  });
}

/** Round numbers on an axis, ascending, at most `most`. They are multiples of `sizeMin` or more. */
export function ticksOf({ from, to, isLog }: Span, most: number, sizeMin = 0): number[] {
  if (isLog && from > 0 && to < Number.POSITIVE_INFINITY) {
    const ticks = [[1, 2, 5], [1]].map((leading) => logTicks(from, to, leading));
    // So few are too few, unless there are many powers of ten.
    if (ticks[0].length >= 3) {
      if (ticks[0].length <= most) return ticks[0];
      const every = Math.ceil(ticks[1].length / Math.max(1, most));
      return ticks[1].filter((_, i) => i % every === 0);
    }
  }
  return ticksBetween(from, to, most, sizeMin);
}

function logTicks(from: number, to: number, leading: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(from)); 10 ** exponent <= to; exponent++)
    ticks.push(...leading.map((digit) => Number(`${digit}e${exponent}`)));
  return ticks.filter((tick) => tick >= from && tick <= to);
}

/** Round numbers from `from` to `to`, at most `most`. They are multiples of `sizeMin` or more. */
export function ticksBetween(from: number, to: number, most: number, sizeMin = 0): number[] {
  const rough = Math.max((to - from) / Math.max(1, most), sizeMin);
  const exponent = Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5, 10, 20]) {
    const size = Number(`${factor}e${exponent}`);
    const first = Math.ceil(from / size - 1e-9);
    const count = Math.floor(to / size + 1e-9) - first + 1;
    // Sizes that are too small to make a difference, and ends that are no numbers, have no ticks.
    if (!(rough > 0 && from + size > from && to - size < to)) break;
    if (size >= sizeMin && count <= most)
      return Array.from({ length: count }, (_, i) => Number(((first + i) * size).toPrecision(12)));
  }
  return [];
}

const full = new Intl.NumberFormat('en-US', { maximumFractionDigits: 4 });
const short = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3, notation: 'compact' });
/** "0.25", "2,500", "150K", "10⁻⁷". */
export function shortNumbers(values: readonly number[]): string[] {
  const isRound = values.every((value) => Number(value.toPrecision(3)) === value);
  return values.map((value) => {
    if (value !== 0 && Math.abs(value) < 1e-3) return powerOfTen(value);
    return (isRound && Math.abs(value) >= 10_000 ? short : full).format(value);
  });
}

/** "10⁻⁷", "-2.5 · 10⁻⁴". */
function powerOfTen(value: number): string {
  const [factor, exponent] = Number(value.toPrecision(3)).toExponential().split('e');
  const raised = Array.from(exponent, (digit) => SUPERSCRIPTS[digit] ?? '').join('');
  return factor === '1' ? `10${raised}` : `${factor} · 10${raised}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  ...{ '-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴' },
  ...{ '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹' },
};
