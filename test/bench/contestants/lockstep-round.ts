/**
 * A contestant that measures synchronous rounds of a coordinator and workers that do not compute.
 *
 *   node lockstep-round.ts links CLIENTS
 *       The coordinator sends parameters and receives partial sums.
 *   node lockstep-round.ts steps CLIENTS
 *       The coordinator also checks the sums, adds them up, and updates with momentum.
 */
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WorkerPool } from '../../../coordinator/cluster/worker-pool.ts';
import { createBroadcaster } from '../../../coordinator/connection/broadcast.ts';
import { ConnectedWorker } from '../../../coordinator/connection/connected-worker.ts';
import { createRights } from '../../../coordinator/port/answers/rights.ts';
import { startCoordinatorServer } from '../../../coordinator/port/server.ts';
import { createBufferPool } from '../../../coordinator/reduction/buffer-pool.ts';
import { createParameterServer } from '../../../coordinator/training/parameter-server.ts';
import { multilayerPerceptron } from '../../../shared/engine/model/presets.ts';
import { availableNumerics, openEngine } from '../../../shared/host/load-engine.ts';
import { chunkBytesFor } from '../../../shared/protocol/chunks.ts';
import type { Link, LinkListener } from '../../../shared/protocol/link.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';
import { challengeFor } from '../../../shared/round/challenge-for.ts';
import { createWorkload, type Workload } from '../../../shared/round/workload.ts';
import { systemClock } from '../../../shared/system-clock.ts';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';
import { dialWebSocket } from '../../../worker/websocket-dial.ts';
import { WorkerSession } from '../../../worker/worker-session.ts';
import { noControl } from '../../support/no-control.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { toyConfig } from '../../support/toy-run.ts';
import { endWithServer, startClients, timeRounds, VECTOR_LENGTH } from './round-timing.ts';

const LEAVES = 8;
const [, , role, argument] = process.argv;
const dataset = createToyDataset({
  trainCount: 400,
  testCount: 20,
  height: 28,
  width: 28,
  classCount: 10,
});
if (role === 'client') await answer(argument);
else await serve(role, Number(argument));

const dial = (url: string) =>
  dialWebSocket(parseCoordinatorAddress(url), {}, new AbortController().signal);

async function answer(url: string): Promise<void> {
  endWithServer();
  const session = new WorkerSession(await dial(url), {
    clock: systemClock,
    identity: { name: 'bench', pid: process.pid, numerics: availableNumerics() },
    openEngine,
    createComputer(_engine, _config, _dataset, workload) {
      const vector = new Float32Array(workload.vectorLength('train')).fill(1e-3);
      return {
        *compute({ kind }, share) {
          for (const node of maximalSubtrees(workload.leafCount(kind), share))
            yield { node, vector };
        },
      };
    },
    loadDataset: async () => dataset,
    pause: () => setImmediate(),
    onWelcome() {},
    onJoined() {},
  });
  await session.ended;
}

async function serve(kind: string, clientCount: number): Promise<void> {
  const config = toyConfig(dataset, {
    model: {
      input: { height: 28, width: 28, channels: 1 },
      layers: multilayerPerceptron([256, 128], 'relu', 10),
    },
    numerics: 'fused',
    microBatchCount: LEAVES,
    validationCount: 0,
    initialisation: 'he',
  });
  const workload = createWorkload(config, dataset);
  if (workload.parameterCount !== VECTOR_LENGTH)
    throw new Error(
      `the net has ${workload.parameterCount} parameters instead of ${VECTOR_LENGTH}`,
    );
  const engine = openEngine(config.numerics);
  const parameterServer = createParameterServer(engine, config, workload);
  const onServer = async (onConnection: (openLink: (listener: LinkListener) => Link) => void) => {
    const server = await startCoordinatorServer({
      host: '127.0.0.1',
      port: 0,
      onConnection,
      status: () => ({}),
      stepsAfter: () => '',
      openEvents: () => false,
      pageFiles: () => new Map(),
      metrics: async () => ({ type: 'text/plain', text: '' }),
      onCertificate() {},
      rightsOf: createRights({ token: null }),
      onFault(error) {
        throw error;
      },
      contentOf: () => undefined,
      control: noControl,
      isTokenNeeded: false,
    });
    startClients(fileURLToPath(import.meta.url), clientCount, server.url);
  };

  if (kind === 'steps') {
    const pool = new WorkerPool({
      clock: systemClock,
      config,
      workload,
      engine,
      report() {},
      isTokenValid: () => true,
      makeIdentity: () => '',
      recompute: () => {
        throw new Error('recompute was called although all sums are finite');
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

/**
 * Times rounds without sums and updates. Each worker gets the parameters and an equal share. The
 * round ends when every worker has answered.
 */
async function timeLinks(
  clientCount: number,
  workload: Workload,
  config: ReturnType<typeof toyConfig>,
  parameters: Float32Array,
  onServer: (onConnection: (openLink: (listener: LinkListener) => Link) => void) => Promise<void>,
): Promise<void> {
  const buffers = createBufferPool((length) => new Float32Array(length));
  const createBroadcast = createBroadcaster(openEngine(config.numerics), workload);
  const workers: ConnectedWorker[] = [];
  const gathered = Promise.withResolvers<void>();
  let pending = 0;
  let finish = () => {};
  await onServer((openLink) => {
    const worker = new ConnectedWorker(openLink, {
      clock: systemClock,
      config,
      challenge: challengeFor(config),
      workload,
      acquire: buffers.acquire,
      release: buffers.release,
      unpackBfloat16() {},
      listener: {
        onHello: () => ({ rank: workers.length, identity: '' }),
        onAnswer: () => undefined,
        onReady() {
          if (workers.push(worker) === clientCount) gathered.resolve();
        },
        onArrivingSum() {},
        onPartialSum({ vector }) {
          buffers.release(vector);
          if (--pending === 0) finish();
        },
        onDuplicate() {},
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
