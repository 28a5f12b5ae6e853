import { WorkerPool, type WorkerPoolOptions } from '../../../coordinator/cluster/worker-pool.ts';
import type { PoolEvent } from '../../../coordinator/reporting/pool-events.ts';
import type { UpdateByParts } from '../../../coordinator/training/gradient-source.ts';
import { bytesOf } from '../../../shared/bytes.ts';
import { decodeCoordinatorFrame, encodeFrame } from '../../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../../shared/protocol/limits.ts';
import type { Link } from '../../../shared/protocol/link.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../shared/protocol/messages.ts';
import { createToyDataset } from '../toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../toy-run.ts';
import { createDraws } from './draws.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';
import { createSimulatedConnection, NO_FAULTS } from './simulated-link.ts';

/** The dataset that the pools train on. */
export const dataset = createToyDataset();
export const config = toyConfig(dataset);
export const never = new AbortController().signal;

export const connection = (clock: SimulatedClock) =>
  createSimulatedConnection([clock, clock], createDraws(1), () => NO_FAULTS, {
    lostFrames: 0,
    duplicatedFrames: 0,
    cutLinks: 0,
    protocolErrors: 0,
  });

interface PeerOptions {
  silent?: boolean;
  computes?: boolean;
  lies?: boolean;
  isOwn?: boolean;
  name?: string;
  identity?: string | undefined;
  address?: string;
  runtime?: string;
}

/** A pool in simulated time. The test controls its peers. */
export function startPool(
  options: Partial<
    Pick<WorkerPoolOptions, 'workerTimeoutMs' | 'audit' | 'guestAudit' | 'engine'>
  > = {},
) {
  const clock = createSimulatedClock();
  let identityCount = 0;
  const events: PoolEvent[] = [];
  const { workload, computer, server } = createToyRun(config, dataset, 1, clock);
  const sumOf = (round: { kind: 'train'; step: number }, node: { lo: number; hi: number }) => {
    for (const sum of computer.compute(round, node, server.parameters)) if (sum) return sum;
    throw new Error('no sum');
  };
  const pool = new WorkerPool({
    clock,
    config,
    workload,
    chunkBytesMin: 2,
    engine: naiveEngine,
    ...options,
    recompute: (round, node) => sumOf({ kind: 'train', step: round.step }, node).vector,
    isTokenValid: () => true,
    makeIdentity: () => `identity ${identityCount++}`,
    report: (event) => events.push(event),
  });

  let peerCount = 0;
  /**
   * Connects a peer. The peer answers pings unless `silent` is set, and shares if `computes` is
   * set. With `lies`, each of its sums has a flipped bit. With `isOwn`, the coordinator's own
   * process has started it.
   */
  function connectPeer({
    silent = false,
    computes = false,
    lies = false,
    isOwn = false,
    name = `peer ${peerCount++}`,
    identity = isOwn ? pool.issueIdentity() : undefined,
    address,
    runtime = 'node',
  }: PeerOptions = {}) {
    const { openFirst, openSecond } = connection(clock);
    const received: CoordinatorMessage[] = [];
    const parameters: Uint8Array[] = [];
    let closeCode: number | undefined;
    pool.connect((listener) => {
      const link = openFirst(listener);
      return address === undefined ? link : { ...link, address };
    });
    const link: Link = openSecond({
      onFrame(frame) {
        const { message, payload } = decodeCoordinatorFrame(frame);
        received.push(message);
        if (message.type === 'parameters') parameters.push(payload);
        if (message.type === 'ping' && !silent)
          send({ type: 'pong', sentAt: message.sentAt, now: clock.now() });
        if (message.type === 'share' && computes) answer(message);
      },
      onClose(code) {
        closeCode = code;
      },
    });
    const send = (message: WorkerMessage, values?: Float32Array) =>
      link.send(encodeFrame(message, values && bytesOf(values)));
    const answer = ({ kind, step, lo, hi }: Extract<CoordinatorMessage, { type: 'share' }>) => {
      if (kind !== 'train') throw new Error('this peer answers only train shares');
      const round = { kind, step };
      for (const sum of computer.compute(round, { lo, hi }, server.parameters)) {
        if (!sum) continue;
        const vector = sum.vector.slice();
        if (lies) new Uint8Array(vector.buffer)[5] ^= 1;
        send({ type: 'partial-sum', ...round, ...sum.node, offset: 0 }, vector);
      }
    };
    return {
      received,
      /** The payloads of the `parameters` messages that the peer received. */
      parameters,
      send,
      answer,
      shares: () => received.filter((message) => message.type === 'share'),
      closeCode: () => closeCode,
      join() {
        send({
          type: 'hello',
          protocolVersion: PROTOCOL_VERSION,
          name,
          numerics: ['strict'],
          runtime,
          ...(identity !== undefined && { identity }),
        });
        send({ type: 'ready', parameterCount: workload.parameterCount });
      },
    };
  }

  const train = (signal = never, update?: UpdateByParts) =>
    pool.sum({ kind: 'train', step: server.step }, server.parameters, signal, update);
  const whole = { lo: 0, hi: config.microBatchCount };
  const expected = sumOf({ kind: 'train', step: 0 }, whole).vector.slice();
  return { clock, events, pool, server, connectPeer, train, expected, sumOf };
}

export const runUntil = async (
  clock: SimulatedClock,
  untilMs: number,
  isDone: () => boolean = () => false,
) => {
  await clock.run(isDone, untilMs);
  return clock.now();
};
