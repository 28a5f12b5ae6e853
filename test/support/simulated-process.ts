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
  let frozenUntil = 0;

  function setTimer(delayMs: number, callback: () => void): () => void {
    const fire = () => {
      const restMs = frozenUntil - clock.now();
      if (restMs > 0) cancel = clock.setTimer(restMs, fire);
      else if (isAlive) callback();
    };
    let cancel = clock.setTimer(delayMs, fire);
    return () => cancel();
  }

  return {
    clock: { now: clock.now, setTimer },
    kill() {
      isAlive = false;
    },
    freeze(untilMs) {
      // Longer while it lasts it may not become: what waits for its end would come after what begins to wait.
      if (clock.now() >= frozenUntil) frozenUntil = untilMs;
    },
  };
}

export const sleepOn = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(delayMs, resolve));
