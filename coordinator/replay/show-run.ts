import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { systemClock } from '../../shared/system-clock.ts';
import type { PortOptions } from '../port/server.ts';
import { studyFolder } from '../study/folder-study.ts';
import { serveRun, type ViewServer } from './view-server.ts';
import { type ViewedRun, viewRun } from './viewed-run.ts';

/** Who shows a run is told how far it is. */
export interface Showing {
  /** What is not as it should be, for people. */
  say(message: string): void;
  onServed(server: ViewServer): void;
  /** Everything that was in the folder is shown. */
  onRead?(run: ViewedRun): void;
}

/** A run to be shown, as its folder has it. Throws a `FILE` error if the folder holds no run. */
export const openRun = (directory: string): Promise<ViewedRun> =>
  viewRun(directory, randomUUID().replaceAll('-', ''), systemClock);

/**
 * Serves the dashboard of a run from its folder until `signal` is aborted. Throws a `FILE` or a
 * `NETWORK` error.
 */
export async function showRun(
  directory: string,
  port: PortOptions,
  signal: AbortSignal,
  showing: Showing,
): Promise<void> {
  const run = await openRun(directory);
  try {
    const study = studyFolder(directory, run.description, signal);
    const server = await serveRun(run, directory, study, port, showing.say);
    try {
      showing.onServed(server);
      await Promise.race([run.read(), aborted(signal)]);
      if (signal.aborted) return;
      showing.onRead?.(run);
      await run.follow(signal);
    } finally {
      await server.close();
    }
  } finally {
    await run.close();
  }
}

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};
