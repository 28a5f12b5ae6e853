import { describe, expect, test } from 'vitest';
import {
  alignColumns,
  formatBar,
  formatCount,
  formatDuration,
  formatLoss,
  formatMegabytes,
  formatPercent,
  formatQuantity,
} from '../../../../shared/cli/format.ts';

describe('a number for people', () => {
  test.for([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567.5, '1,234,568'],
    [999.5, '1,000'],
  ] as const)('counts %d as %s, rounded to a whole', ([count, text]) => {
    expect(formatCount(count)).toBe(text);
  });

  test.for([
    [0, 'worker', '0 workers'],
    [1, 'worker', '1 worker'],
    [1, 'micro-batch', '1 micro-batch'],
    [16, 'micro-batch', '16 micro-batches'],
    [60_000, 'image', '60,000 images'],
    [12, 'epoch', '12 epochs'],
  ] as const)('counts %d of "%s" as %s', ([count, noun, text]) => {
    expect(formatQuantity(count, noun)).toBe(text);
  });

  test.for([
    [0, '0.00 %'],
    [0.885_149, '88.51 %'],
    [0.999_96, '100.00 %'],
    [1, '100.00 %'],
  ] as const)('shows the fraction %d as %s', ([fraction, text]) => {
    expect(formatPercent(fraction)).toBe(text);
  });

  test('shows a loss with four digits', () => {
    expect([0, 0.312_68, 12].map(formatLoss)).toEqual(['0.0000', '0.3127', '12.0000']);
  });

  test('shows bytes in decimal megabytes', () => {
    expect([0, 26_421_880, 1_048_576].map(formatMegabytes)).toEqual([
      '0.0 MB',
      '26.4 MB',
      '1.0 MB',
    ]);
  });
});

describe('a duration', () => {
  test.for([
    [0, '0.0 s'],
    [7.24, '7.2 s'],
    [59.9, '59.9 s'],
    [59.96, '1:00'],
    [60, '1:00'],
    [60.4, '1:00'],
    [185, '3:05'],
    [3599.4, '59:59'],
    [3599.6, '1:00:00'],
    [3600, '1:00:00'],
    [3723, '1:02:03'],
    [360_000, '100:00:00'],
  ] as const)('of %d seconds is shown as %s', ([seconds, text]) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('a bar', () => {
  test.for([
    [0, '░░░░'],
    [0.12, '░░░░'],
    [0.5, '██░░'],
    [0.9, '████'],
    [1, '████'],
  ] as const)('is filled by %d as %s', ([fraction, bar]) => {
    expect(formatBar(fraction, 4)).toBe(bar);
  });

  test('keeps its width beyond both ends', () => {
    expect([-1, 2].map((fraction) => formatBar(fraction, 3))).toEqual(['░░░', '███']);
    expect(formatBar(0.5, 0)).toBe('');
  });
});

describe('columns', () => {
  test('are as wide as their widest cell, flush right', () => {
    expect(
      alignColumns([
        ['workers', 'ms'],
        ['1', '1000'],
        ['16', '7'],
      ]),
    ).toEqual(['workers    ms', '      1  1000', '     16     7']);
  });

  test('of no rows are no lines', () => {
    expect(alignColumns([])).toEqual([]);
  });

  test('of one row keep its cells, empty ones too', () => {
    expect(alignColumns([['a', '', 'b']])).toEqual(['a    b']);
  });
});
