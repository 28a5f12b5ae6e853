/**
 * One contestant: synchronous rounds as a coordinator and its workers do them, but that workers do not compute.
 *
 *   node lockstep-round.ts links CLIENTS     parameters out, sums in
 *   node lockstep-round.ts steps CLIENTS     and the sums checked, added up, and an update by momentum
 */
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createBroadcaster } from '../../../coordinator/broadcast.ts';
import { ConnectedWorker } from '../../../coordinator/connected-worker.ts';
import { createParameterServer } from '../../../coordinator/parameter-server.ts';
import { startCoordinatorServer } from '../../../coordinator/server.ts';
import { createVectorStore } from '../../../coordinator/vector-store.ts';
import { WorkerPool } from '../../../coordinator/worker-pool.ts';
import { systemClock } from '../../../shared/clock.ts';
import { multilayerPerceptron } from '../../../shared/engine/presets.ts';
import { availableNumerics, openEngine } from '../../../shared/load-engine.ts';
import { chunkBytesFor } from '../../../shared/protocol/chunks.ts';
import type { Link, LinkListener } from '../../../shared/protocol/link.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';
import { createWorkload, type Workload } from '../../../shared/workload.ts';
import { dialWebSocket } from '../../../worker/websocket-dial.ts';
import { WorkerSession } from '../../../worker/worker-session.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { toyConfig } from '../../support/toy-run.ts';
import { endWithServer, startClients, timeRounds, VECTOR_LENGTH } from './round-timing.ts';

const LEAVES = 8;
const [, , role, argument] = process.argv;
const dataset = createToyDataset({ trainCount: 400, testCount: 20, height: 28, width: 28, classCount: 10 });
if (role === 'client') await answer(argument);
else await serve(role, Number(argument));

async function answer(url: string): Promise<void> {
  endWithServer();
  const session = new WorkerSession(await dialWebSocket(url, new AbortController().signal), {
    clock: systemClock,
    identity: { name: 'bench', pid: process.pid, numerics: availableNumerics() },
    openEngine,
    createComputer(workload) {
      const vector = new Float32Array(workload.vectorLength('train')).fill(1e-3);
      return {
        *compute({ kind }, share) {
          for (const node of maximalSubtrees(workload.leafCount(kind), share)) yield { node, vector };
        },
      };
    },
    loadDataset: async () => dataset,
    pause: () => setImmediate(),
    onReady() {},
  });
  await session.ended;
}

async function serve(kind: string, clientCount: number): Promise<void> {
  const config = toyConfig(dataset, {
    model: {
      input: { height: 28, width: 28, channels: 1 },
      layers: multilayerPerceptron([256, 128], 'relu', 10),
    },
    ...{ numerics: 'fused', microBatchCount: LEAVES, validationCount: 0, initialisation: 'he' },
  });
  const workload = createWorkload(config, dataset);
  if (workload.parameterCount !== VECTOR_LENGTH) throw new Error(`${workload.parameterCount} parameters`);
  const engine = openEngine(config.numerics);
  const parameterServer = createParameterServer(engine, config, workload);
  const onServer = async (onConnection: (openLink: (listener: LinkListener) => Link) => void) => {
    const server = await startCoordinatorServer({
      ...{
        host: '127.0.0.1',
        port: 0,
        onConnection,
        status: () => ({}),
        stepsAfter: () => [],
        contentOf: () => undefined,
      },
    });
    startClients(fileURLToPath(import.meta.url), clientCount, server.url);
  };

  if (kind === 'steps') {
    const pool = new WorkerPool({
      ...{
        clock: systemClock,
        config,
        workload,
        engine,
        report() {},
        isTokenValid: () => true,
      },
      recompute: () => {
        throw new Error('the sums are finite');
      },
    });
    await onServer((openLink) => pool.connect(openLink));
    const { signal } = new AbortController();
    await pool.waitForWorkers(clientCount, signal);
    await timeRounds(async () => {
      const { step, parameters } = parameterServer;
      const { root } = await pool.sum({ kind: 'train', step }, parameters, signal);
      parameterServer.update(root, config.globalBatch);
    });
  } else await timeLinks(clientCount, workload, config, parameterServer.parameters, onServer);
  process.exit();
}

/** Each worker gets the parameters and an equal share, and the round is over when all have answered. */
async function timeLinks(
  clientCount: number,
  workload: Workload,
  config: ReturnType<typeof toyConfig>,
  parameters: Float32Array,
  onServer: (onConnection: (openLink: (listener: LinkListener) => Link) => void) => Promise<void>,
): Promise<void> {
  const vectors = createVectorStore((length) => new Float32Array(length));
  const createBroadcast = createBroadcaster(openEngine(config.numerics), workload);
  const workers: ConnectedWorker[] = [];
  const gathered = Promise.withResolvers<void>();
  let pending = 0;
  let finish = () => {};
  await onServer((openLink) => {
    const worker = new ConnectedWorker(openLink, {
      ...{ clock: systemClock, config, workload, acquire: vectors.acquire, release: vectors.release },
      widen() {},
      listener: {
        onHello: () => workers.length,
        onReady: () => workers.push(worker) === clientCount && gathered.resolve(),
        onGrowth() {},
        onPartialSum({ vector }) {
          vectors.release(vector);
          if (--pending === 0) finish();
        },
        onUnasked() {},
        onLeaving() {},
        onGone: (reason) => gathered.reject(new Error(reason)),
      },
    });
  });
  await gathered.promise;
  let step = 0;
  await timeRounds(() => {
    pending = clientCount;
    const broadcast = createBroadcast(step, chunkBytesFor(workers[0].isLocal));
    broadcast.encode(parameters, parameters.length);
    for (const [i, worker] of workers.entries()) {
      worker.sendParameters(broadcast);
      const share = { lo: (i * LEAVES) / clientCount, hi: ((i + 1) * LEAVES) / clientCount };
      worker.sendShare({ kind: 'train', step }, share);
    }
    broadcast.end();
    step++;
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
}
