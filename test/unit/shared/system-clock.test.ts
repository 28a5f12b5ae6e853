import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { sleep } from '../../../shared/clock.ts';
import { systemClock } from '../../../shared/system-clock.ts';

function useFakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

describe('a timer of the system clock', () => {
  test.for([0, 10, 2 ** 31 - 1, 2 ** 31, 3_000_000_000, 2 ** 33])(
    'fires after %i ms, not before',
    (ms) => {
      useFakeTimers();
      const fired = vi.fn();
      systemClock.setTimer(ms, fired);
      vi.advanceTimersByTime(Math.max(0, ms - 1));
      expect(fired).toHaveBeenCalledTimes(ms === 0 ? 1 : 0);
      vi.advanceTimersByTime(1);
      expect(fired).toHaveBeenCalledTimes(1);
    },
  );

  test('never fires after an infinite time, and can be canceled at any time', () => {
    useFakeTimers();
    const fired = vi.fn();
    const cancels = [Number.POSITIVE_INFINITY, 2 ** 33].map((ms) =>
      systemClock.setTimer(ms, fired),
    );
    vi.advanceTimersByTime(2 ** 32);
    for (const cancel of cancels) cancel();
    vi.advanceTimersByTime(2 ** 40);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('sleep ends early when it is aborted', async () => {
  useFakeTimers();
  const stop = new AbortController();
  const sleeping = sleep(systemClock, 2 ** 33, stop.signal);
  stop.abort();
  await sleeping;
  expect(vi.getTimerCount()).toBe(0);
  await sleep(systemClock, 2 ** 33, stop.signal);
});
