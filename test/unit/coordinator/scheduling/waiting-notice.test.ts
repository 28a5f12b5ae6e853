import { describe, expect, test } from 'vitest';
import { watchWaiting } from '../../../../coordinator/scheduling/waiting-notice.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

describe('a round that waits', () => {
  /** Waits from the fifth millisecond on. */
  async function startWaiting() {
    const clock = createSimulatedClock();
    clock.setTimer(5, () => {});
    await clock.run(() => clock.now() === 5, 5);
    const notices: [at: number, waitedMs: number][] = [];
    const watch = watchWaiting(clock, (waitedMs) => notices.push([clock.now(), waitedMs]));
    return { clock, notices, watch };
  }

  test('gives notice after 10 s, and whenever it has waited twice as long', async () => {
    const { clock, notices } = await startWaiting();
    await clock.run(() => false, 10_004);
    expect(notices).toEqual([]);
    await clock.run(() => false, 100_000);
    expect(notices).toEqual([
      [10_005, 10_000],
      [20_005, 20_000],
      [40_005, 40_000],
      [80_005, 80_000],
    ]);
  });

  test.for([0, 1, 3])('is quiet when it ends after %i notices', async (count) => {
    const { clock, notices, watch } = await startWaiting();
    await clock.run(() => notices.length === count, 100_000);
    watch.cancel();
    await clock.run(() => false, 3_600_000);
    expect(notices).toHaveLength(count);
  });
});
