import type { Clock } from './clock.ts';

/** The longest delay of the system's timers. A longer one would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** The clock of this machine. A timer may have any delay, also an infinite one. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(delayMs, callback) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number) => {
      const isLong = leftMs > DELAY_MS_MAX;
      timer = isLong
        ? setTimeout(() => wait(leftMs - DELAY_MS_MAX), DELAY_MS_MAX)
        : setTimeout(callback, leftMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
