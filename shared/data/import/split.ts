import { createHash } from 'node:crypto';
import { type Column, valueAt } from '../tables/table.ts';
import { dataError, type SourceExamples } from './source.ts';

/*
 * The split into training and test set.
 *
 * The problem. A new row must not move old ones from one set to the other, or a model would be
 * tested on what an earlier one has learned. Equal rows on both sides would make tests too good.
 *
 * The rule. A hash of the seed and of an example's inputs decides about it, and nothing else. So
 * the order of rows does not matter, and equal inputs are on one side, whatever their targets say.
 * With a group, its value is hashed instead.
 */

/** Tells two examples with equal inputs by 64 hexadecimal digits, the same for equal inputs. */
export function createDigests({ inputs }: SourceExamples): (row: number) => string {
  if (inputs.kind === 'images') {
    const size = inputs.height * inputs.width * inputs.channels;
    return (row) => sha256(inputs.pixels.subarray(row * size, (row + 1) * size));
  }
  return (row) =>
    sha256(JSON.stringify(inputs.columns.map((column) => valueAt(column, row) ?? null)));
}

const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex');

/** The rows of both sets, ascending. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** How a source is split that does not say it itself. */
export interface SplitOptions {
  /** The part for testing, between 0 and 1. */
  readonly test: number;
  readonly seed: number;
}

/**
 * Splits the `rows` of a source: as it says itself, or by hashes. `digests` are those of all of its
 * examples. Throws a `DATA` error if a set is empty.
 */
export function splitExamples(
  { isTest, group }: Pick<SourceExamples, 'isTest' | 'group'>,
  rows: readonly number[],
  digests: readonly string[],
  options: SplitOptions,
): Split {
  const isForTest = isTest
    ? (row: number) => isTest[row] === 1
    : (row: number) => isHashedToTest(group ? groupOf(group, row) : digests[row], options);
  const test = Uint32Array.from(rows.filter(isForTest));
  const train = Uint32Array.from(rows.filter((row) => !isForTest(row)));
  if (test.length > 0 && train.length > 0) return { train, test };
  throw dataError(
    `all ${rows.length} examples are for ${test.length > 0 ? 'testing' : 'training'}: give more ` +
      'of them, another --test or another --seed.',
  );
}

/** Rows without a group are a group each, by their place. */
const groupOf = (group: Column, row: number): string =>
  JSON.stringify(valueAt(group, row) ?? ['none', row]);

function isHashedToTest(key: string, { test, seed }: SplitOptions): boolean {
  const digest = createHash('sha256').update(`${seed}:${key}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48 < test;
}
