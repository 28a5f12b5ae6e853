import type { Clock } from '../../../shared/clock.ts';
import { createTimerQueue } from './timer-queue.ts';

/** A clock whose time moves only when a test says so, from one timer to the next. */
export interface SimulatedClock extends Clock {
  /**
   * Fires timers in order until `isDone` returns true or no timer is due up to `untilMs`. All
   * promises that can settle do so before each timer fires. Resolves to whether `isDone` returned
   * true. The event loop does not turn meanwhile.
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
 * Resolves when every promise that can settle has settled. Node empties its queue of promise jobs,
 * including jobs that those jobs add, before it runs the next ticks. A turn of the event loop would
 * have the same effect at ten times the cost.
 */
const everyPromise = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
