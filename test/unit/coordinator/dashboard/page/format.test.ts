import { expect, test } from 'vitest';
import { formatBytes, formatQuantity } from '../../../../../coordinator/dashboard/page/format.ts';

test.for([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [12_345, '12.3 kB'],
  [999_950, '1000 kB'],
  [1e6, '1.00 MB'],
  [528_200_000, '528 MB'],
  [1_500_000_000, '1.50 GB'],
  [2e15, '2000 TB'],
] as const)('%i bytes are %s', ([bytes, text]) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('a quantity has its noun in the right number', () => {
  expect(formatQuantity(1, 'worker')).toBe('1 worker');
  expect(formatQuantity(3000, 'worker')).toBe('3,000 workers');
  expect(formatQuantity(0, 'micro-batch', 'micro-batches')).toBe('0 micro-batches');
});
