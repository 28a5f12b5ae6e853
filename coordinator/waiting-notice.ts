import type { Clock } from '../shared/clock.ts';

/** A round that takes so long, and twice, four times, … as long, says whom it waits for. */
const WAITING_NOTICE_MS = 10_000;

/** Calls `notice` each time that it is due, until it is cancelled. */
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
