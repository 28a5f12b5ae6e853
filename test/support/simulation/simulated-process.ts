import type { Clock } from '../../../shared/clock.ts';

/** A process of the simulated cluster. All its actions must be timers of its clock. */
export interface SimulatedProcess {
  readonly clock: Clock;
  /** Ends the process. None of its timers fires anymore. */
  kill(): void;
  /**
   * Stops the process until `untilMs`, as when a laptop is suspended. The timers that came due in
   * the meantime then fire in order.
   */
  freeze(untilMs: number): void;
}

export function createSimulatedProcess(clock: Clock): SimulatedProcess {
  let isAlive = true;
  let isFrozen = false;
  /** The timers that came due while the process was frozen. */
  const waiting: (() => void)[] = [];

  function setTimer(delayMs: number, callback: () => void): () => void {
    let isWanted = true;
    const fire = () => {
      if (isFrozen) waiting.push(fire);
      else if (isAlive && isWanted) callback();
    };
    const cancel = clock.setTimer(delayMs, fire);
    return () => {
      isWanted = false;
      cancel();
    };
  }

  function thaw(): void {
    isFrozen = false;
    for (const fire of waiting.splice(0)) clock.setTimer(0, fire);
  }

  return {
    clock: { now: clock.now, setTimer },
    kill() {
      isAlive = false;
    },
    freeze(untilMs) {
      if (isFrozen) return;
      isFrozen = true;
      clock.setTimer(untilMs - clock.now(), thaw);
    },
  };
}

export const sleepOn = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(delayMs, resolve));
