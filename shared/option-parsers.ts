import { InvalidArgumentError, Option } from 'commander';
import { NAME_LENGTH_MAX } from './protocol/limits.ts';

/*
 * Parsers for the arguments of flags. Each throws commander's error, which quotes the flag and the argument, with
 * what would be right.
 */

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Give a whole number ${bounds}.`);
  };
}

/** A number above `above` and below `below`, neither included. */
export function numberBetween(above: number, below: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value > above && value < below) return value;
    const bounds = below === Number.POSITIVE_INFINITY ? `above ${above}` : `between ${above} and ${below}`;
    throw new InvalidArgumentError(`Give a number ${bounds}.`);
  };
}

/** A number from 0 to 1, both included. */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Give a number from 0 to 1.');
}

/** Whole numbers from 1 to `most`, ascending, separated by commas. */
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

/** `--token`, which may also come from the environment. */
export function tokenOption(description: string): Option {
  return new Option('--token <token>', description)
    .env('LOCKSTEP_TOKEN')
    .argParser(shortText(NAME_LENGTH_MAX));
}
