/** The source of time. A simulation passes its own clock, so every history can be replayed. */
export interface Clock {
  /** Milliseconds since a fixed moment. The value never decreases. */
  now(): number;
  /** Calls `callback` once, after `delayMs`. The returned function cancels the timer. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Resolves after `delayMs`, or as soon as `signal` is aborted. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
