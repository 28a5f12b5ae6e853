import type { Clock } from '../../shared/clock.ts';
import { createTimerQueue } from './timer-queue.ts';

/** Time that goes only when told to: from one timer to the next. */
export interface SimulatedClock extends Clock {
  /**
   * Fires timers in order, each followed by all that it set off, until `isDone` or until nothing happens before
   * `untilMs`. Returns whether it was done. The event loop does not turn meanwhile.
   */
  run(isDone: () => boolean, untilMs: number): Promise<boolean>;
}

export function createSimulatedClock(): SimulatedClock {
  const timers = createTimerQueue();
  let time = 0;
  return {
    now: () => time,
    setTimer: (delayMs, callback) => timers.add(time + Math.max(0, delayMs), callback),
    async run(isDone, untilMs) {
      for (;;) {
        await everyPromise();
        if (isDone()) return true;
        const timer = timers.takeFirst(untilMs);
        if (!timer) return false;
        time = timer.at;
        timer.callback();
      }
    },
  };
}

/**
 * Resolves when every promise has settled that can: Node empties its queue of promise jobs, those that they add
 * included, before it looks at the ticks that they asked for. A turn of the event loop would do as well, at ten times
 * the price.
 */
const everyPromise = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
