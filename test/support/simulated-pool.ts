import type { UpdateByParts } from '../../coordinator/gradient-source.ts';
import type { PoolEvent } from '../../coordinator/pool-events.ts';
import { WorkerPool } from '../../coordinator/worker-pool.ts';
import { bytesOf, decodeCoordinatorFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { Link } from '../../shared/protocol/link.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import { createDraws } from './draws.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';
import { createSimulatedConnection, NO_FAULTS } from './simulated-link.ts';
import { createToyDataset } from './toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from './toy-run.ts';

/** What the pools train on. */
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

/** A pool in simulated time, whose peers do what the test says. */
export function startPool(options: { workerTimeoutMs?: number; isAudited?: () => boolean } = {}) {
  const clock = createSimulatedClock();
  const events: PoolEvent[] = [];
  const { workload, computer, server } = createToyRun(config, dataset, 1, clock);
  const sumOf = (round: { kind: 'train'; step: number }, node: { lo: number; hi: number }) => {
    for (const sum of computer.compute(round, node, server.parameters)) if (sum) return sum;
    throw new Error('no sum');
  };
  const pool = new WorkerPool({
    ...{ clock, config, workload, ...options },
    engine: naiveEngine,
    recompute: (round, node) => sumOf({ kind: 'train', step: round.step }, node).vector,
    isTokenValid: () => true,
    report: (event) => events.push(event),
  });

  let peerCount = 0;
  /** Connects a peer; answers pings unless it is `silent`, and shares if `computes`, `lies` by a bit in what it sums. */
  function connectPeer({
    silent = false,
    computes = false,
    lies = false,
    name = `peer ${peerCount++}`,
  } = {}) {
    const { openFirst, openSecond } = connection(clock);
    const received: CoordinatorMessage[] = [];
    const parameters: Uint8Array[] = [];
    let closeCode: number | undefined;
    pool.connect(openFirst);
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
      if (kind !== 'train') throw new Error('this peer only trains');
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
      /** The payloads of the parameters that it was sent. */
      parameters,
      send,
      answer,
      shares: () => received.filter((message) => message.type === 'share'),
      closeCode: () => closeCode,
      join() {
        send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name, numerics: ['strict'] });
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
