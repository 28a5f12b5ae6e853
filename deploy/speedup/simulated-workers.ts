/*
 * A process of simulated workers: `node simulated-workers.ts URL MS_PER_EXAMPLE [DATA_DIR]`, and a message with how many
 * there are to be. They keep the protocol with real sockets and frames, but wait where workers compute, and their
 * gradients are zeros: they load a coordinator as so many machines would, and train nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/clock.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { loadDataset, workerSources } from '../../shared/data/load-dataset.ts';
import type { DatasetManifest } from '../../shared/data/manifest.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { availableNumerics, openEngine } from '../../shared/load-engine.ts';
import { processUsage } from '../../shared/process-usage.ts';
import { maximalSubtrees } from '../../shared/reduction-tree.ts';
import type { ShareComputer } from '../../shared/share-computer.ts';
import type { Workload } from '../../shared/workload.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { dialWebSocket } from '../../worker/websocket-dial.ts';

const [url, millisecondsPerExample, dataDir] = process.argv.slice(2);
const workers: AbortController[] = [];
let dataset: Promise<Dataset> | undefined;

process.once('disconnect', () => process.exit(1));
process.on('message', (count: number) => {
  while (workers.length < count) startWorker(workers.length);
  for (const worker of workers.splice(count)) worker.abort();
});

function startWorker(index: number): void {
  const controller = new AbortController();
  workers.push(controller);
  const computer = createTimedComputer();
  const worker = runWorker(
    {
      url,
      dial: (signal) => dialWebSocket(url, signal),
      session: {
        clock: systemClock,
        identity: { name: `simulated-${index}`, pid: process.pid, numerics: availableNumerics() },
        openEngine,
        createComputer: computer.create,
        loadDataset: loadOnce,
        // They share a process: each has an equal part in what it uses.
        usage: () => ({ cpuMs: processUsage().cpuMs / workers.length, throttledMs: 0 }),
        pause: computer.pause,
      },
      clock: systemClock,
      random: Math.random,
      firstRetryMs: 20_000,
      retryMs: 0,
      report() {},
    },
    controller.signal,
  );
  worker.catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

function loadOnce(manifest: DatasetManifest, signal: AbortSignal): Promise<Dataset> {
  dataset ??= loadDataset(manifest, workerSources(dataDir, url), { signal, report() {} }).then(
    (loaded) => loaded.dataset,
  );
  return dataset;
}

/** Announces how long the share would take; the pause that the session makes then takes that long. */
function createTimedComputer() {
  let pauseMs = 0;
  return {
    create(workload: Workload, engine: Engine): ShareComputer {
      const zeros = engine.allocate(workload.vectorLength('train'));
      return {
        *compute(round, share) {
          pauseMs = workload.exampleCount(round, share) * Number(millisecondsPerExample);
          yield undefined;
          for (const node of maximalSubtrees(workload.leafCount(round.kind), share))
            yield { node, vector: zeros.subarray(0, workload.vectorLength(round.kind)) };
        },
      };
    },
    pause: () => sleep(pauseMs),
  };
}
