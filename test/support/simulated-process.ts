import type { Clock } from '../../shared/clock.ts';

/** A process of the simulated cluster, as far as others can tell: what it does, it does on its clock. */
export interface SimulatedProcess {
  readonly clock: Clock;
  /** From here on it does nothing. */
  kill(): void;
  /** It does nothing until then, and afterwards, in order, what it would have done meanwhile: a suspended laptop. */
  freeze(untilMs: number): void;
}

export function createSimulatedProcess(clock: Clock): SimulatedProcess {
  let isAlive = true;
  let isFrozen = false;
  /** What came due while it was frozen. */
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
