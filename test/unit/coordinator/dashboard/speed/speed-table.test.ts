import { describe, expect, test } from 'vitest';
import { createSpeedTable } from '../../../../../coordinator/dashboard/speed/speed-table.ts';

describe('a speed table', () => {
  test('adds up steps, examples and time for each number of workers, in order', () => {
    const table = createSpeedTable(0);
    table.add(3, 128, 10);
    table.add(1, 128, 30);
    table.add(3, 100, 8);
    table.add(12, 128, 4);
    expect(table.points()).toEqual([
      { workers: 1, steps: 1, examples: 128, milliseconds: 30 },
      { workers: 3, steps: 2, examples: 228, milliseconds: 18 },
      { workers: 12, steps: 1, examples: 128, milliseconds: 4 },
    ]);
  });

  test('leaves out the first steps after each change of the number of workers', () => {
    const table = createSpeedTable(2);
    for (const milliseconds of [100, 100, 1]) table.add(1, 10, milliseconds);
    for (const milliseconds of [100, 100]) table.add(2, 10, milliseconds);
    for (const milliseconds of [100, 100, 3, 4]) table.add(1, 10, milliseconds);
    expect(table.points()).toEqual([{ workers: 1, steps: 3, examples: 30, milliseconds: 8 }]);
  });

  test('does not count steps without workers', () => {
    const table = createSpeedTable(0);
    for (let step = 0; step < 9; step++) table.add(0, 10, 1);
    expect(table.points()).toEqual([]);
  });
});
