import type { Clock } from '../../shared/clock.ts';

/** The first notice comes after this time, the next ones after twice, four times, … this time. */
const WAITING_NOTICE_MS = 10_000;

/** Calls `notice` with the time waited so far, whenever a notice is due, until canceled. */
export function watchWaiting(clock: Clock, notice: (waitedMs: number) => void): { cancel(): void } {
  const startedAt = clock.now();
  let cancel: () => void;
  const watch = (delayMs: number) => {
    cancel = clock.setTimer(delayMs, () => {
      const waitedMs = clock.now() - startedAt;
      notice(waitedMs);
      watch(waitedMs);
    });
  };
  watch(WAITING_NOTICE_MS);
  return { cancel: () => cancel() };
}
