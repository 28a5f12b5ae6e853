import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { didYouMean } from './did-you-mean.ts';

/*
 * Parsers for the arguments of flags. Each throws commander's error, which quotes the flag and the
 * argument. The parser adds which values are allowed.
 */

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    // The largest of all whole numbers is worth a word only if the value is beyond it.
    const isOpen = max === Number.MAX_SAFE_INTEGER && !(value > max);
    const bounds = isOpen ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Give a whole number ${bounds}.`);
  };
}

/** A number between `above` and `below`, neither included. */
export function numberBetween(above: number, below: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value > above && value < below) return value;
    const isOpen = below === Number.POSITIVE_INFINITY;
    const bounds = isOpen ? `above ${above}${orLargest(value)}` : `between ${above} and ${below}`;
    throw new InvalidArgumentError(`Give a number ${bounds}.`);
  };
}

/** A number of at least `min` and below `below`. */
export function numberFrom(min: number, below: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value < below) return value;
    const isOpen = below === Number.POSITIVE_INFINITY;
    const bound = isOpen ? orLargest(value) : ` and below ${below}`;
    throw new InvalidArgumentError(`Give a number of at least ${min}${bound}.`);
  };
}

/** The bound that a number beyond all numbers has passed. */
const orLargest = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? ` and at most ${Number.MAX_VALUE}` : '';

/** One of `values`. */
export function oneOf(values: readonly string[]) {
  return (text: string): string => {
    if (values.includes(text)) return text;
    throw new InvalidArgumentError(
      `Allowed choices are ${values.join(', ')}.${didYouMean(text, values)}`,
    );
  };
}

/** A number from 0 to 1, both included. */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Give a number from 0 to 1.');
}

/** Ascending whole numbers from 1 to `most`, separated by commas. */
export function ascendingNumbers(most: number) {
  return (text: string): number[] => {
    const numbers = text.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
    const isValid = numbers.every((number, i) => number > (numbers[i - 1] ?? 0) && number <= most);
    if (isValid) return numbers;
    throw new InvalidArgumentError(`Give ascending numbers from 1 to ${most}, such as 1,2,4,8.`);
  };
}

/** A text of 1 to `lengthMax` characters. */
export function shortText(lengthMax: number) {
  return (text: string): string => {
    if (text.length >= 1 && text.length <= lengthMax) return text;
    throw new InvalidArgumentError(`Give 1 to ${lengthMax} characters.`);
  };
}

const isHostName = (name: string): boolean =>
  isIP(name) > 0 || /^[a-z\d_-]+(\.[a-z\d_-]+)*$/.test(name);

/** The name or address of a host, without a port. In lower case. */
export function hostName(text: string): string {
  const name = text.toLowerCase();
  if (isHostName(name)) return name;
  throw new InvalidArgumentError(
    'Give an address without brackets and port, or a name, such as 0.0.0.0.',
  );
}

/** Names or addresses of hosts, separated by commas, in addition to `others`. In lower case. */
export function hostNames(text: string, others: readonly string[] = []): string[] {
  const names = text.toLowerCase().split(',');
  if (names.every(isHostName)) return [...others, ...names];
  throw new InvalidArgumentError(
    'Give names or addresses without ports, separated by commas, such as coordinator,192.0.2.7.',
  );
}

/** More threads than any machine has cores. */
const THREADS_MAX = 256;

/** The flag for the number of threads. */
export const threadsOption = (description: string): Option =>
  new Option('--threads <count>', description)
    .env('LOCKSTEP_THREADS')
    .argParser(wholeNumber(1, THREADS_MAX));

/** Names, separated by commas. */
export function nameList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Give names separated by commas, such as cat,dog.');
}
