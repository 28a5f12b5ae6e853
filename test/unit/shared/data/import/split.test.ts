import { describe, expect, test } from 'vitest';
import type { SourceExamples } from '../../../../../shared/data/import/source.ts';
import { createDigests, splitExamples } from '../../../../../shared/data/import/split.ts';
import { textColumn } from '../../../../../shared/data/tables/table.ts';
import { numbers } from '../../../../support/text-table.ts';

const source = (values: number[], change: Partial<SourceExamples> = {}): SourceExamples => ({
  format: 'a test',
  count: values.length,
  inputs: { kind: 'table', columns: [numbers('x', ...values)] },
  target: numbers('y', ...values),
  ...change,
});

/** The values of the test set. */
function tested(examples: SourceExamples, seed = 1): number[] {
  const digestOf = createDigests(examples);
  const rows = [...Array(examples.count).keys()];
  const { train, test } = splitExamples(examples, rows, rows.map(digestOf), { test: 0.25, seed });
  expect([...train, ...test].toSorted((a, b) => a - b)).toEqual(rows);
  const [column] = examples.inputs.kind === 'table' ? examples.inputs.columns : [];
  return Array.from(test, (row) => (column.kind === 'text' ? row : column.values[row]));
}

const values = Array.from({ length: 1_000 }, (_, i) => i / 7);

describe('the split', () => {
  test('takes about the asked part, and another one with another seed', () => {
    const test = tested(source(values));
    expect(test.length).toBeGreaterThan(200);
    expect(test.length).toBeLessThan(300);
    expect(tested(source(values), 2)).not.toEqual(test);
  });

  test('does not move old rows when new ones come or the order changes', () => {
    const old = new Set(tested(source(values)));
    const more = [...values.map((value) => value + 1_000), ...values.toReversed()];
    const now = new Set(tested(source(more)));
    for (const value of values) expect(now.has(value)).toBe(old.has(value));
  });

  test('keeps equal inputs on one side', () => {
    const test = tested(source([...values, ...values]));
    const counts = new Map<number, number>();
    for (const value of test) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect(new Set(counts.values())).toEqual(new Set([2]));
  });

  test('keeps groups on one side', () => {
    const groups = textColumn(
      'g',
      values.map((_, i) => `group ${i % 40}`),
    );
    const test = new Set(tested(source(values, { group: groups })));
    const sides = values.map((value) => test.has(value));
    for (const [i, side] of sides.entries()) expect(side).toBe(sides[i % 40]);
  });

  test('is that of the source if it has one', () => {
    const isTest = Uint8Array.of(0, 1, 0, 1);
    expect(tested(source([5, 6, 7, 8], { isTest }))).toEqual([6, 8]);
  });

  test('needs examples on both sides', () => {
    expect(() => tested(source([5]))).toThrow(
      /^all 1 examples are for (testing|training): give more/,
    );
  });

  test('tells images apart by their pixels', () => {
    const pixels = Uint8Array.of(1, 2, 1, 2, 2, 1);
    const digestOf = createDigests(
      source([1, 2, 3], { inputs: { kind: 'images', height: 1, width: 2, channels: 1, pixels } }),
    );
    expect(digestOf(0)).toBe(digestOf(1));
    expect(digestOf(0)).not.toBe(digestOf(2));
  });
});
