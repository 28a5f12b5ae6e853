import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../shared/clock.ts';

/** Time that goes only when told to: from one timer to the next. */
export interface SimulatedClock extends Clock {
  /**
   * Fires timers in order, each followed by all that it set off, until `isDone` or until nothing happens before
   * `untilMs`. Returns whether it was done.
   */
  run(isDone: () => boolean, untilMs: number): Promise<boolean>;
  /** The promise that resolves after `delayMs`. */
  sleep(delayMs: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export function createSimulatedClock(): SimulatedClock {
  const timers = new Set<Timer>();
  let time = 0;
  let order = 0;

  function setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: time + Math.max(0, delayMs), order: order++, callback };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  function next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  return {
    now: () => time,
    setTimer,
    sleep: (delayMs) => new Promise((resolve) => void setTimer(delayMs, resolve)),
    async run(isDone, untilMs) {
      for (;;) {
        await setImmediate(); // lets every promise that can settle do so
        if (isDone()) return true;
        const timer = next();
        if (!timer || timer.at > untilMs) return false;
        timers.delete(timer);
        time = timer.at;
        timer.callback();
      }
    },
  };
}
