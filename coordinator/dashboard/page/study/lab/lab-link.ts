import type { FromLab, ToLab } from './lab-messages.ts';

/** The way to the engine and back. */
export interface LabLink {
  readonly tell: (message: ToLab) => void;
}

/** An engine in a thread of its own. */
export function linkToThread(
  onMessage: (message: FromLab) => void,
  onFailure: (reason: string) => void,
): LabLink {
  const thread = new Worker(new URL('./lab-thread.ts', import.meta.url), { type: 'module' });
  thread.addEventListener('error', ({ message }) => onFailure(message));
  thread.addEventListener('message', ({ data }: MessageEvent<FromLab>) => onMessage(data));
  return { tell: (message) => thread.postMessage(message) };
}

/**
 * An engine on the page itself, for a page that is one file and may start no threads. `kernels`
 * are in that file.
 */
export function linkOnPage(
  kernels: BufferSource | undefined,
  onMessage: (message: FromLab) => void,
  onFailure: (reason: string) => void,
): LabLink {
  // A page with threads never loads this.
  const opening = import('./bench.ts').then(({ createBench }) =>
    createBench(async () => kernels ?? new Uint8Array(), onMessage),
  );
  return {
    tell(message) {
      opening.then(
        // The page is drawn first.
        (take) => setTimeout(() => take(message)),
        (error: unknown) => onFailure(String(error)),
      );
    },
  };
}
