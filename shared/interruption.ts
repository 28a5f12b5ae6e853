import { constants } from 'node:os';

/** The reason of a signal that was aborted because the user or the system asked this process to stop. */
export class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.name = 'Interruption';
    this.signal = signal;
  }

  /** As shells have it: 130 after SIGINT, 143 after SIGTERM. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/**
 * A signal that is aborted at the first SIGINT or SIGTERM, for a stop in good order. At the second the process
 * exits at once, after `onForced`.
 */
export function interruptionSignal(onForced: () => void = () => {}): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const interruption = new Interruption(signal);
      if (controller.signal.aborted) {
        onForced();
        process.exit(interruption.exitCode);
      }
      controller.abort(interruption);
    });
  }
  return controller.signal;
}

/** Ends this process when the one that launched it, and holds an IPC channel open to it, is gone: however it died. */
export function endWithLauncher(): void {
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}
