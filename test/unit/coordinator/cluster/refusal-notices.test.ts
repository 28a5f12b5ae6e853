import { expect, test } from 'vitest';
import { createRefusalNotices } from '../../../../coordinator/cluster/refusal-notices.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

/** The notices of so many refusals, one every `intervalMs`, and a quiet minute after them. */
async function noticesOf(count: number, intervalMs: number): Promise<string[]> {
  const clock = createSimulatedClock();
  const notices: string[] = [];
  const noteRefusal = createRefusalNotices(clock, (message) => notices.push(message));
  for (let i = 0; i < count; i++)
    clock.setTimer(i * intervalMs, () => noteRefusal(`peer ${i}`, 'no token'));
  await clock.run(() => false, count * intervalMs + 60_000);
  return notices;
}

test('a refusal is reported at once', async () => {
  expect(await noticesOf(1, 0)).toEqual(['worker peer 0 refused: no token']);
});

test('many refusals are one notice every five seconds, with their count', async () => {
  expect(await noticesOf(1_000, 7)).toEqual([
    'worker peer 0 refused: no token',
    '714 more refused in 5 s; the last one was peer 714: no token',
    '285 more refused in 5 s; the last one was peer 999: no token',
  ]);
});

test('rare refusals are reported one by one', async () => {
  expect(await noticesOf(3, 6_000)).toHaveLength(3);
});
