import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Cluster, openCluster } from '../../../coordinator/cluster/cluster.ts';
import type { TlsFiles } from '../../../coordinator/port/tls.ts';
import type { RunEvent } from '../../../coordinator/reporting/events.ts';
import type { ParameterServer } from '../../../coordinator/training/parameter-server.ts';
import type { Progress } from '../../../coordinator/training/progress.ts';
import { train } from '../../../coordinator/training/train.ts';
import { bytesOf } from '../../../shared/bytes.ts';
import { createDataset } from '../../../shared/data/dataset.ts';
import { decodeCoordinatorFrame, encodeFrame } from '../../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../shared/protocol/messages.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { systemClock } from '../../../shared/system-clock.ts';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';
import { runWorker } from '../../../worker/run-worker.ts';
import { dialWebSocket } from '../../../worker/websocket-dial.ts';
import { rightAnswer } from '../right-answer.ts';
import { createToyFiles } from '../toy-dataset.ts';
import { createToyRun, hashOf, naiveEngine } from '../toy-run.ts';

export interface RealCluster {
  readonly url: string;
  readonly httpUrl: string;
  readonly pool: Cluster['pool'];
  readonly events: RunEvent[];
  readonly server: ParameterServer;
  readonly progress: Progress;
  /** Starts a worker in this process, over a real socket. Settles when the worker ends. */
  startWorker(options?: { token?: string; signal?: AbortSignal }): Promise<void>;
  /** Trains with the workers that have joined. Resolves to the hash of the parameters. */
  train(): Promise<string>;
  close(): Promise<void>;
}

/** Starts a coordinator for the toy dataset on loopback, in this process. */
export async function openRealCluster(
  config: RunConfig,
  epochs: number,
  options: { token?: string; minWorkers?: number; audit?: number; tls?: TlsFiles } = {},
): Promise<RealCluster> {
  const { manifest, contents } = createToyFiles();
  const dataset = createDataset(manifest, contents);
  const { workload, computer, server, progress, run } = createToyRun(config, dataset, epochs);
  const events: RunEvent[] = [];
  const cluster = await openCluster(
    {
      host: '127.0.0.1',
      port: 0,
      minWorkers: 1,
      secrets: { token: options.token ?? null },
      ...options,
    },
    {
      config,
      workload,
      computer,
      engine: naiveEngine,
      loaded: { dataset, contents },
      report: (event) => events.push(event),
      auditFraction: options.audit ?? 0,
      auditHereFraction: 0,
      stepsAfter: (step) => JSON.stringify({ steps: [{ step: step + 1 }], isMore: false }),
      openEvents: () => false,
      metrics: async () => ({ type: 'text/plain; version=0.0.4', text: '' }),
      status: () => ({ state: 'training', step: server.step, workers: cluster.pool.workers() }),
    },
  );
  let isClosed = false;
  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    await cluster.close({ why: 'finished' });
  }
  onTestFinished(close);

  return {
    url: cluster.url,
    httpUrl: cluster.url.replace('ws', 'http'),
    pool: cluster.pool,
    events,
    server,
    progress,
    startWorker: ({ token, signal = new AbortController().signal } = {}) =>
      runWorker(
        {
          url: cluster.url,
          dial: (abort) => dialWebSocket(parseCoordinatorAddress(cluster.url), {}, abort),
          session: {
            clock: systemClock,
            openEngine: () => naiveEngine,
            identity: { name: 'test', numerics: ['strict'], ...(token !== undefined && { token }) },
            loadDataset: async () => dataset,
            pause: () => setImmediate(),
          },
          clock: systemClock,
          random: Math.random,
          firstRetryMs: 2_000,
          retryMs: 2_000,
          report: () => {},
        },
        signal,
      ),
    async train() {
      const never = new AbortController().signal;
      await cluster.gather(never);
      await train(run(cluster.pool), never);
      await close();
      return hashOf(server);
    },
    close,
  };
}

/** A peer that sends any message or bytes that a test wants. */
export interface RawPeer {
  send(message: WorkerMessage, values?: Float32Array): void;
  sendRaw(data: Uint8Array | string): void;
  /** Takes the coordinator's next message of that type, and waits for it if necessary. */
  next<Type extends CoordinatorMessage['type']>(
    type: Type,
  ): Promise<Extract<CoordinatorMessage, { type: Type }>>;
  /** Breaks the connection off, as if the peer's process had been killed. */
  end(): void;
  /** Resolves to the close code as soon as the connection is closed. */
  readonly closed: Promise<number>;
}

export async function connectRawPeer(url: string): Promise<RawPeer> {
  const socket = new WebSocket(url);
  const messages: CoordinatorMessage[] = [];
  let notify = () => {};
  socket.on('message', (data: Buffer) => {
    messages.push(decodeCoordinatorFrame(data).message);
    notify();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  onTestFinished(() => socket.terminate());
  return {
    send: (message, values) => socket.send(encodeFrame(message, values && bytesOf(values))),
    sendRaw: (data) => socket.send(data),
    async next(type) {
      for (;;) {
        const index = messages.findIndex((message) => message.type === type);
        if (index >= 0) return messages.splice(index, 1)[0] as never;
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    },
    end: () => socket.terminate(),
    closed,
  };
}

/** Connects a raw peer and makes it a ready worker. */
export async function connectReadyPeer(
  cluster: RealCluster,
  parameterCount: number,
): Promise<RawPeer> {
  const peer = await connectRawPeer(cluster.url);
  peer.send({
    type: 'hello',
    protocolVersion: PROTOCOL_VERSION,
    name: 'raw',
    numerics: ['strict'],
  });
  const { config } = await peer.next('welcome');
  peer.send({ type: 'ready', parameterCount }, rightAnswer(config));
  return peer;
}
