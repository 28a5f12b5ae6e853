import type { Clock } from '../../shared/clock.ts';
import { LockstepError } from '../../shared/errors.ts';
import { watchWaiting } from '../scheduling/waiting-notice.ts';

/** Something to check now and after every change of the membership. */
export interface MembershipCheck {
  check(): void;
  cancel?(): void;
}

/** Promises that depend on who takes part. */
export class MembershipWatch {
  readonly #checks = new Set<() => void>();

  /** To be called after every change of the membership. */
  changed(): void {
    for (const check of [...this.#checks]) check();
  }

  /**
   * A promise that `begin` settles, at once or later, and that `signal` rejects. While it is
   * pending, the check that `begin` returns runs now and after every change.
   */
  async until<T>(
    signal: AbortSignal,
    begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => MembershipCheck,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const { check, cancel } = begin(resolve, reject);
    this.#checks.add(check);
    try {
      check();
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#checks.delete(check);
      cancel?.();
    }
  }
}

export interface ShortageOptions {
  readonly clock: Clock;
  readonly worldSize: () => number;
  /** The number of workers that is enough. */
  readonly needed: number;
  /** Called each time there begin to be too few. */
  readonly onShort: () => void;
  /** Called now and then while there are too few, with the time waited so far. */
  readonly onStillShort: (waitedMs: number) => void;
  /** Undefined: wait without an end. */
  readonly timeoutMs: number | undefined;
}

/** Fails with a `WORKERS` error when there have been too few workers for `timeoutMs`. */
export function createShortageCheck(
  { clock, worldSize, needed, onShort, onStillShort, timeoutMs }: ShortageOptions,
  fail: (error: Error) => void,
): MembershipCheck {
  let end: (() => void) | undefined;
  const cancel = () => {
    end?.();
    end = undefined;
  };
  const startTimeout = (ms: number) =>
    clock.setTimer(ms, () => {
      const size = worldSize();
      const who = size === 0 ? 'no worker' : `only ${size} of ${needed} workers`;
      const message = `${who} for ${ms / 1000} s: start some, and --resume the run.`;
      fail(new LockstepError('WORKERS', message));
    });
  return {
    cancel,
    check() {
      if (worldSize() >= needed) return cancel();
      if (end) return;
      onShort();
      const waiting = watchWaiting(clock, onStillShort);
      const cancelTimeout = timeoutMs === undefined ? undefined : startTimeout(timeoutMs);
      end = () => {
        waiting.cancel();
        cancelTimeout?.();
      };
    },
  };
}
