import { expect, test } from 'vitest';
import type { TabWork } from '../../../../worker/browser/tab-messages.ts';
import { createWorkMeter } from '../../../../worker/browser/work-meter.ts';

test('counts shares, sums and examples of training, and reports a few times a second', () => {
  let now = 1000;
  const reports: TabWork[] = [];
  const note = createWorkMeter(
    () => now,
    (work) => reports.push(work),
  );
  const share = { kind: 'train', exampleCount: 10, sumCount: 2 } as const;
  note(share);
  expect(reports).toHaveLength(1);
  for (let i = 0; i < 4; i++) {
    now += 100;
    note(share);
  }
  expect(reports).toEqual([
    expect.anything(),
    { shares: 4, sums: 8, examples: 40, examplesPerSecond: 100 },
  ]);
  now += 900;
  note({ kind: 'test', exampleCount: 500, sumCount: 1 });
  expect(reports.at(-1)).toEqual({
    shares: 6,
    sums: 11,
    examples: 50,
    examplesPerSecond: 10,
  });
});
