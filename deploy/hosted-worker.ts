import { setImmediate } from 'node:timers/promises';
import type { StartContext } from '../coordinator/cluster.ts';
import { systemClock } from '../shared/clock.ts';
import { availableNumerics, openEngine } from '../shared/load-engine.ts';
import { processUsage } from '../shared/process-usage.ts';
import { createMemoryConnection } from '../shared/protocol/memory-connection.ts';
import { runWorker } from '../worker/run-worker.ts';

const RETRY_MS = 60_000;

/**
 * Starts a worker in the coordinator's own process: one process less that wants a core, and one worker less to which all
 * travels through sockets. Returns how to stop it.
 */
export function startHostedWorker(
  { connect, dataset }: StartContext,
  identity: { readonly name: string; readonly token?: string | undefined },
  onFailure: (error: Error) => void,
): () => Promise<void> {
  const { name, token } = identity;
  const leaving = new AbortController();
  const ended = runWorker(
    {
      url: 'the coordinator in this process',
      async dial() {
        const [ours, theirs] = createMemoryConnection();
        connect(theirs);
        return ours;
      },
      session: {
        clock: systemClock,
        identity: {
          ...{ name, pid: process.pid, numerics: availableNumerics() },
          ...(token !== undefined && { token }),
        },
        openEngine,
        loadDataset: async () => dataset,
        pause: () => setImmediate(),
        usage: processUsage,
      },
      clock: systemClock,
      random: Math.random,
      firstRetryMs: RETRY_MS,
      retryMs: RETRY_MS,
      report() {},
    },
    leaving.signal,
  ).catch(onFailure);
  return () => {
    leaving.abort();
    return ended;
  };
}
