/*
 * A process of simulated workers: `node simulated-workers.ts URL MS_PER_EXAMPLE [DATA_DIR]`, with
 * the coordinator's token in `LOCKSTEP_TOKEN`. Each IPC message from the parent process sets their
 * number.
 *
 * The workers keep the protocol with real sockets and frames. They wait instead of computing, and
 * their gradients are zeros. So the coordinator has the same load as with real machines, but
 * nothing is trained.
 */
import { sleep } from '../../../shared/clock.ts';
import type { Dataset } from '../../../shared/data/dataset.ts';
import { loadDataset, workerSources } from '../../../shared/data/loading/load-dataset.ts';
import type { DatasetManifest } from '../../../shared/data/manifest.ts';
import type { Engine } from '../../../shared/engine/engine.ts';
import { availableNumerics, openEngine } from '../../../shared/host/load-engine.ts';
import { processUsage } from '../../../shared/host/process-usage.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';
import type { PartialSumComputer } from '../../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import type { Workload } from '../../../shared/round/workload.ts';
import { systemClock } from '../../../shared/system-clock.ts';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';
import { coordinatorSource } from '../../../worker/coordinator-source.ts';
import { runWorker } from '../../../worker/run-worker.ts';
import { dialWebSocket } from '../../../worker/websocket-dial.ts';

const [text, millisecondsPerExample, dataDir] = process.argv.slice(2);
const address = parseCoordinatorAddress(text);
const token = process.env.LOCKSTEP_TOKEN;
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
      url: address.url,
      dial: (signal) => dialWebSocket(address, {}, signal),
      session: {
        clock: systemClock,
        identity: {
          name: `simulated-${index}`,
          pid: process.pid,
          numerics: availableNumerics(),
          ...(token !== undefined && { token }),
        },
        openEngine,
        createComputer: computer.create,
        loadDataset: loadOnce,
        // The workers share this process, so each reports an equal part of its CPU time.
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
  const sources = workerSources(dataDir, coordinatorSource(address, {}, token));
  dataset ??= loadDataset(manifest, sources, { signal, report() {} }).then(
    (loaded) => loaded.dataset,
  );
  return dataset;
}

/**
 * A computer of zero sums, and the pause that takes the time of the computation. `compute` sets the
 * length of the pause and yields, and then the worker session calls `pause`.
 */
function createTimedComputer() {
  let pauseMs = 0;
  return {
    create(
      engine: Engine,
      _config: RunConfig,
      _dataset: Dataset,
      workload: Workload,
    ): PartialSumComputer {
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
    pause: () => sleep(systemClock, pauseMs),
  };
}
