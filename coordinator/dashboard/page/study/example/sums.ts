import type { Term } from '../../../../../shared/study/unit-study.ts';

/** The largest products of a sum, and what the others add up to. */
export interface LargestTerms {
  readonly shown: readonly Term[];
  readonly restCount: number;
  readonly restSum: number;
  /** The sum of all products. */
  readonly total: number;
}

/** What a reader wants to see first. */
export type TermOrder = 'product' | 'gradient';

export function largestTerms(
  terms: readonly Term[],
  count: number,
  order: TermOrder = 'product',
): LargestTerms {
  const sizeOf = (term: Term) => Math.abs(term[order] ?? 0);
  const sorted = terms.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const [shown, rest] = [sorted.slice(0, count), sorted.slice(count)];
  const total = sumOf(terms);
  return { shown, restCount: rest.length, restSum: sumOf(rest), total };
}

export const sumOf = (terms: readonly { readonly product: number }[]): number =>
  terms.reduce((sum, { product }) => sum + product, 0);

/** How the numbers of a column are shown, so that they add up before the reader's eyes. */
export function columnFormat(numbers: Iterable<number>): (value: number) => string {
  const reach = Math.max(...[...numbers].map(Math.abs));
  const digits = reach > 0 ? Math.max(0, 3 - Math.floor(Math.log10(reach))) : 1;
  return (value) => (digits > DIGITS_MAX ? showFour(value) : signed(value.toFixed(digits)));
}

/** Smaller numbers are shown with a power of ten. */
const DIGITS_MAX = 8;

/** A number with four digits that count: "0.8021", "12.03", "−1.20e−7", "1". */
export function showFour(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return signed(String(value));
  if (size < 1e-5) return signed(value.toExponential(2));
  const digits = Math.max(0, 3 - Math.floor(Math.log10(size)));
  return signed(value.toFixed(digits));
}

/** With the minus sign of mathematics. */
const signed = (text: string): string => text.replaceAll('-', '−');
