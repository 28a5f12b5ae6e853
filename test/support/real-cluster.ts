import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Cluster, openCluster } from '../../coordinator/cluster.ts';
import type { RunEvent } from '../../coordinator/events.ts';
import { train } from '../../coordinator/train.ts';
import { systemClock } from '../../shared/clock.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import { bytesOf, decodeCoordinatorFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { dialWebSocket } from '../../worker/websocket-dial.ts';
import { createToyFiles } from './toy-dataset.ts';
import { createToyRun, hashOf, naiveEngine } from './toy-run.ts';

export interface RealCluster {
  readonly url: string;
  readonly httpUrl: string;
  readonly pool: Cluster['pool'];
  readonly events: RunEvent[];
  /** Starts a worker in this process, over a real socket; resolves as the worker ends. */
  startWorker(options?: { token?: string; signal?: AbortSignal }): Promise<void>;
  /** Trains with whoever is there; resolves to the hash of the parameters. */
  train(): Promise<string>;
  close(): Promise<void>;
}

/** A coordinator on loopback, in this process, for the toy dataset. */
export async function openRealCluster(
  config: RunConfig,
  epochs: number,
  options: { token?: string; minWorkers?: number; audit?: number } = {},
): Promise<RealCluster> {
  const { manifest, contents } = createToyFiles();
  const dataset = createDataset(manifest, contents);
  const { workload, computer, server, run } = createToyRun(config, dataset, epochs);
  const events: RunEvent[] = [];
  const cluster = await openCluster(
    { host: '127.0.0.1', port: 0, minWorkers: 1, ...options },
    {
      ...{ config, workload, computer, engine: naiveEngine, loaded: { dataset, contents } },
      report: (event) => events.push(event),
      auditFraction: options.audit ?? 0,
      stepsAfter: (step) => [{ step: step + 1 }],
      status: () => ({ state: 'training', step: server.step, workers: cluster.pool.workers() }),
    },
  );
  let isClosed = false;
  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    await cluster.close('finished');
  }
  onTestFinished(close);

  return {
    url: cluster.url,
    httpUrl: cluster.url.replace('ws:', 'http:'),
    pool: cluster.pool,
    events,
    startWorker: ({ token, signal = new AbortController().signal } = {}) =>
      runWorker(
        {
          url: cluster.url,
          dial: (abort) => dialWebSocket(cluster.url, abort),
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

/** A peer that says whatever a test wants it to say. */
export interface RawPeer {
  send(message: WorkerMessage, values?: Float32Array): void;
  sendRaw(data: Uint8Array | string): void;
  /** Resolves to the next message of the coordinator of that type. */
  next<Type extends CoordinatorMessage['type']>(
    type: Type,
  ): Promise<Extract<CoordinatorMessage, { type: Type }>>;
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
    closed,
  };
}

/** A raw peer that has become a ready worker. */
export async function connectReadyPeer(cluster: RealCluster, parameterCount: number): Promise<RawPeer> {
  const peer = await connectRawPeer(cluster.url);
  peer.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'raw', numerics: ['strict'] });
  await peer.next('welcome');
  peer.send({ type: 'ready', parameterCount });
  return peer;
}
