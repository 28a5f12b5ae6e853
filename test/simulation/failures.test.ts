import { describe, expect, test } from 'vitest';
import { ConnectedWorker } from '../../coordinator/connected-worker.ts';
import type { Contribution } from '../../coordinator/gradient-source.ts';
import type { PoolEvent } from '../../coordinator/pool-events.ts';
import { WorkerPool } from '../../coordinator/worker-pool.ts';
import { multilayerPerceptron } from '../../shared/engine/presets.ts';
import { decodeCoordinatorFrame, decodeWorkerFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { CHUNK_BYTES_MAX, PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { Link } from '../../shared/protocol/link.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import { createWorkload } from '../../shared/workload.ts';
import { runWorker, type WorkerEvent } from '../../worker/run-worker.ts';
import { createDraws } from '../support/draws.ts';
import { createSimulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';
import { createSimulatedConnection, NO_FAULTS } from '../support/simulated-link.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const never = new AbortController().signal;

const connection = (clock: SimulatedClock) =>
  createSimulatedConnection([clock, clock], createDraws(1), () => NO_FAULTS, {
    lostFrames: 0,
    duplicatedFrames: 0,
    cutLinks: 0,
    protocolErrors: 0,
  });

/** A pool in simulated time, whose peers do what the test says. */
function startPool(options: { workerTimeoutMs?: number; isAudited?: () => boolean } = {}) {
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
    isAudited: options.isAudited ?? (() => false),
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
    let closeCode: number | undefined;
    pool.connect(openFirst);
    const link: Link = openSecond({
      onFrame(frame) {
        const { message } = decodeCoordinatorFrame(frame);
        received.push(message);
        if (message.type === 'ping' && !silent)
          send({ type: 'pong', sentAt: message.sentAt, now: clock.now() });
        if (message.type === 'share' && computes) answer(message);
      },
      onClose(code) {
        closeCode = code;
      },
    });
    const send = (message: WorkerMessage, values?: Float32Array) => link.send(encodeFrame(message, values));
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

  const train = (signal = never) => pool.sum({ kind: 'train', step: server.step }, server.parameters, signal);
  const whole = { lo: 0, hi: config.microBatchCount };
  const expected = sumOf({ kind: 'train', step: 0 }, whole).vector.slice();
  return { clock, events, pool, connectPeer, train, expected };
}

const runUntil = async (clock: SimulatedClock, untilMs: number, isDone: () => boolean = () => false) => {
  await clock.run(isDone, untilMs);
  return clock.now();
};

describe('a connection', () => {
  test('that says nothing is closed after ten seconds', async () => {
    const { clock, connectPeer } = startPool();
    const peer = connectPeer({ silent: true });
    expect(await runUntil(clock, 60_000, () => peer.closeCode() !== undefined)).toBe(10_000);
    expect(peer.closeCode()).toBe(4002);
    expect(peer.received).toContainEqual({
      type: 'error',
      code: 'TIMEOUT',
      message: 'still greeting after 10 s',
    });
  });

  test('that is welcomed but never ready is closed after ten minutes', async () => {
    const { clock, connectPeer } = startPool();
    const peer = connectPeer();
    peer.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'slow', numerics: ['strict'] });
    expect(await runUntil(clock, 3_600_000, () => peer.closeCode() !== undefined)).toBe(600_000);
  });

  test('that falls silent is closed, and its rank is free again', async () => {
    const { clock, connectPeer, events } = startPool();
    const peer = connectPeer({ silent: true });
    peer.join();
    expect(await runUntil(clock, 60_000, () => peer.closeCode() !== undefined)).toBe(14_000);
    connectPeer().join();
    await runUntil(clock, clock.now());
    expect(events.map((event) => event.event === 'worker' && [event.state, event.rank])).toEqual([
      ['ready', 0],
      ['left', 0],
      ['ready', 0],
    ]);
    expect(events[1]).toMatchObject({ reason: 'silent for 14 s', worldSize: 0 });
  });
});

test('half a sum from a worker that is gone leaves its memory to others', async () => {
  const wide = toyConfig(dataset, {
    model: { ...config.model, layers: multilayerPerceptron([4000], 'tanh', 3) },
  });
  const clock = createSimulatedClock();
  const workload = createWorkload(wide, dataset);
  const { openFirst, openSecond } = connection(clock);
  const taken: Float32Array[] = [];
  const given: Float32Array[] = [];
  const worker = new ConnectedWorker(openFirst, {
    ...{ clock, config: wide, workload },
    acquire(length) {
      taken.push(new Float32Array(length));
      return taken[0];
    },
    release: (vector) => given.push(vector),
    listener: {
      ...{ onHello: () => 0, onReady() {}, onPartialSum() {}, onUnasked() {}, onLeaving() {}, onGone() {} },
    },
  });
  const link = openSecond({ onFrame() {}, onClose() {} });
  const send = (message: WorkerMessage, values?: Float32Array) => link.send(encodeFrame(message, values));
  send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'peer', numerics: ['strict'] });
  send({ type: 'ready', parameterCount: workload.parameterCount });
  await runUntil(clock, 0);
  worker.sendShare({ kind: 'train', step: 0 }, { lo: 0, hi: 16 });
  const chunk = new Float32Array(CHUNK_BYTES_MAX / 4);
  send({ type: 'partial-sum', kind: 'train', step: 0, lo: 0, hi: 16, offset: 0 }, chunk);
  await runUntil(clock, 0);
  expect(given).toEqual([]);
  send({ type: 'error', code: 'TEST', message: 'dies' });
  await runUntil(clock, 0);
  expect(given).toEqual(taken);
  expect(given).toHaveLength(1);
});

describe('a worker that does not answer', () => {
  test('has its share computed elsewhere after the deadline; its own late answer changes nothing', async () => {
    const { clock, pool, events, connectPeer, train, expected } = startPool();
    const late = connectPeer();
    const good = connectPeer({ computes: true });
    late.join();
    good.join();
    await runUntil(clock, 0);
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 100_000, () => sum !== undefined);
    expect(clock.now()).toBe(30_000);
    expect(sum).toEqual(expected);
    expect(late.shares()).toMatchObject([{ lo: 0, hi: 8 }]);
    expect(good.shares()).toMatchObject([
      { lo: 8, hi: 16 },
      { lo: 0, hi: 8 },
    ]);
    expect(events).toContainEqual({
      event: 'notice',
      code: 'late',
      message:
        'rank 0 late with micro-batches 0-7 of step 0 (30000 ms, deadline 30000 ms); micro-batches 0-7 to rank 1',
    });
    for (const share of late.shares()) late.answer(share);
    await runUntil(clock, clock.now());
    expect(pool.counters).toMatchObject({ lateShares: 1, staleAnswers: 1, leftWorkers: 0 });
  });

  test('gets no further share while it owes one, and is dropped after five minutes', async () => {
    const { clock, events, connectPeer, train } = startPool();
    const stuck = connectPeer();
    const good = connectPeer({ computes: true });
    stuck.join();
    good.join();
    await runUntil(clock, 0);
    for (let step = 0; step < 3; step++) {
      let isDone = false;
      train().then(() => {
        isDone = true;
      });
      await runUntil(clock, 200_000, () => isDone);
    }
    expect(stuck.shares()).toHaveLength(1);
    await runUntil(clock, 299_999);
    expect(stuck.closeCode()).toBeUndefined();
    await runUntil(clock, 300_000);
    expect(stuck.closeCode()).toBe(4002);
    expect(events.at(-1)).toMatchObject({
      state: 'left',
      reason: 'owes micro-batches 0-7 of step 0 for 300 s',
    });
  });

  test('and then is gone has its share computed elsewhere at once, what it had finished excepted', async () => {
    const { clock, connectPeer, train, expected } = startPool();
    const dying = connectPeer();
    const good = connectPeer({ computes: true });
    dying.join();
    good.join();
    await runUntil(clock, 0);
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 1);
    dying.send({ type: 'error', code: 'TEST', message: 'dies' });
    await runUntil(clock, 2, () => sum !== undefined);
    expect(clock.now()).toBeLessThan(2);
    expect(sum).toEqual(expected);
  });
});

describe('an audited sum', () => {
  const always = () => true;

  /** Runs a round to its end. */
  async function sumOf({ clock, train }: Pick<ReturnType<typeof startPool>, 'clock' | 'train'>) {
    let sum: { root: Float32Array; contributions: readonly Contribution[] } | undefined;
    train().then(({ root, contributions }) => {
      sum = { root: root.slice(), contributions };
    });
    await runUntil(clock, clock.now() + 200_000, () => sum !== undefined);
    return sum;
  }
  const noticesOf = (events: PoolEvent[]) =>
    events.flatMap((event) => (event.event === 'notice' && event.code === 'audit' ? [event.message] : []));

  test('counts when a second worker has computed it to the same bits', async () => {
    const pool = startPool({ isAudited: always });
    for (let rank = 0; rank < 2; rank++) pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(sum?.contributions.map(({ worker, node, use }) => [worker, node.lo, node.hi, use])).toEqual([
      ['peer 1', 0, 8, 'copy'],
      ['peer 0', 0, 8, 'summed'],
      ['peer 0', 8, 16, 'copy'],
      ['peer 1', 8, 16, 'summed'],
    ]);
    expect(pool.pool.counters).toMatchObject({ auditedSums: 2, wrongSums: 0 });
  });

  test.for([0, 1, 2])('that rank %i got wrong by a bit is found, and the liar shut out', async (liarRank) => {
    const { pool, events, clock, connectPeer, ...rest } = startPool({ isAudited: always });
    const peers = [0, 1, 2].map((rank) =>
      connectPeer({ computes: true, lies: rank === liarRank, name: `peer ${rank}` }),
    );
    for (const peer of peers) peer.join();
    await runUntil(clock, 0);
    const sum = await sumOf({ clock, ...rest });
    expect(sum?.root).toEqual(rest.expected);
    await runUntil(clock, clock.now());
    expect(peers.map((peer) => peer.closeCode())).toEqual(
      [0, 1, 2].map((rank) => (rank === liarRank ? 4001 : undefined)),
    );
    expect(noticesOf(events)).toEqual([
      expect.stringMatching(
        `^rank ${liarRank} \\(peer ${liarRank}\\) gave a wrong sum over .* of step 0: it is removed and refused`,
      ),
    ]);
    const again = connectPeer({ name: `peer ${liarRank}` });
    again.join();
    await runUntil(clock, clock.now() + 10, () => again.closeCode() !== undefined);
    expect(again.received.at(-1)).toMatchObject({ code: 'REFUSED', message: 'it gave a wrong sum before' });
    expect(pool.counters).toMatchObject({ wrongSums: 1, leftWorkers: 1, refusedWorkers: 1 });
  });

  test('that is wrong makes all that its worker gave in this round be computed again', async () => {
    let asked = 0;
    // Of the liar's two sums the first is not compared; nor is anybody else's.
    const pool = startPool({ isAudited: () => asked++ === 1 });
    for (const lies of [true, false, false]) pool.connectPeer({ computes: true, lies }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    const ofLiar = sum?.contributions.filter(({ worker }) => worker === 'peer 0');
    expect(ofLiar?.map(({ node, use }) => [node.lo, node.hi, use])).toEqual([
      [0, 4, 'discarded'],
      [4, 6, 'discarded'],
    ]);
    const summed = sum?.contributions.filter(({ use }) => use === 'summed') ?? [];
    expect(summed.reduce((count, { node }) => count + node.hi - node.lo, 0)).toBe(16);
  });

  test('of a worker that is alone is compared with the coordinator’s own, and it says so', async () => {
    const pool = startPool({ isAudited: always });
    pool.connectPeer({ computes: true, lies: true }).join();
    await runUntil(pool.clock, 0);
    pool.train().catch(() => {});
    await runUntil(pool.clock, 1);
    expect(noticesOf(pool.events)).toEqual([
      expect.stringContaining('rank 0 is alone, no other worker can audit it'),
      expect.stringContaining('rank 0 (peer 0) gave a wrong sum over micro-batches 0-15 of step 0'),
    ]);
  });

  test('is not asked for twice where the second worker leaves while it computes', async () => {
    const pool = startPool({ isAudited: always });
    const first = pool.connectPeer({ computes: true });
    const leaves = pool.connectPeer();
    first.join();
    leaves.join();
    await runUntil(pool.clock, 0);
    const sum = sumOf(pool);
    await runUntil(pool.clock, 1);
    const answerNext = async (index: number) => {
      leaves.answer(leaves.shares()[index]);
      await runUntil(pool.clock, pool.clock.now() + 1);
    };
    await answerNext(0);
    expect(leaves.shares()).toMatchObject([
      { lo: 8, hi: 16 },
      { lo: 0, hi: 8 },
    ]);
    leaves.send({ type: 'leaving' });
    await runUntil(pool.clock, pool.clock.now() + 1);
    await answerNext(1);
    expect((await sum)?.root).toEqual(pool.expected);
    expect(pool.pool.counters).toMatchObject({ auditedSums: 2, staleAnswers: 0, duplicateAnswers: 0 });
    expect(noticesOf(pool.events)).toEqual([]);
  });

  test('does not wait for a second worker that stalls', async () => {
    const pool = startPool({ isAudited: always });
    const good = pool.connectPeer({ computes: true });
    const stuck = pool.connectPeer();
    good.join();
    stuck.join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(pool.clock.now()).toBe(30_000);
  });
});

describe('a worker that leaves', () => {
  test('finishes its share, gets no other, and is let go at once', async () => {
    const { clock, pool, events, connectPeer, train, expected } = startPool();
    const leaves = connectPeer();
    const stays = connectPeer({ computes: true });
    leaves.join();
    stays.join();
    await runUntil(clock, 0);
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 1);
    leaves.send({ type: 'leaving' });
    await runUntil(clock, 2);
    expect(leaves.closeCode()).toBeUndefined();
    for (const share of leaves.shares()) leaves.answer(share);
    await runUntil(clock, 3, () => leaves.closeCode() !== undefined);
    expect(sum).toEqual(expected);
    expect(leaves.received.at(-1)).toEqual({ type: 'goodbye', reason: 'drained' });
    expect(leaves.closeCode()).toBe(1000);
    expect(pool.worldSize).toBe(1);
    expect(events.at(-1)).toMatchObject({ state: 'left', reason: 'drained' });
    expect(leaves.shares()).toHaveLength(1);
  });

  test('between two shares is let go at once', async () => {
    const { clock, connectPeer } = startPool();
    const leaves = connectPeer();
    leaves.join();
    leaves.send({ type: 'leaving' });
    await runUntil(clock, 1);
    expect(leaves.closeCode()).toBe(1000);
  });

  test('and still owes a share gets no further one', async () => {
    const { clock, connectPeer, train } = startPool();
    const leaves = connectPeer();
    leaves.join();
    await runUntil(clock, 0);
    const controller = new AbortController();
    const first = train(controller.signal);
    await runUntil(clock, 1);
    leaves.send({ type: 'leaving' });
    await runUntil(clock, 2);
    controller.abort(new Error('stop'));
    await expect(first).rejects.toThrow('stop');
    train().catch(() => {});
    await runUntil(clock, 3);
    expect(leaves.shares()).toHaveLength(1);
  });

  test('is not called late afterwards', async () => {
    const { clock, pool, connectPeer, train } = startPool();
    const gone = connectPeer();
    gone.join();
    await runUntil(clock, 0);
    train().catch(() => {});
    await runUntil(clock, 1);
    gone.send({ type: 'error', code: 'TEST', message: 'gone' });
    await runUntil(clock, 600_000);
    expect(pool.counters).toMatchObject({ leftWorkers: 1, lateShares: 0 });
  });
});

describe('without workers', () => {
  test('a round waits, says so once, and goes on when one joins', async () => {
    const { clock, events, connectPeer, train, expected } = startPool();
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 3_600_000);
    expect(events).toEqual([
      { event: 'notice', code: 'waiting', message: 'no worker left: step 0 waits until one joins' },
    ]);
    connectPeer({ computes: true }).join();
    await runUntil(clock, clock.now() + 10, () => sum !== undefined);
    expect(sum).toEqual(expected);
  });

  test('a round fails after the worker timeout, if there is one', async () => {
    const { clock, train } = startPool({ workerTimeoutMs: 5_000 });
    let error: unknown;
    train().catch((reason: unknown) => {
      error = reason;
    });
    expect(await runUntil(clock, 60_000, () => error !== undefined)).toBe(5_000);
    expect(String(error)).toContain('no worker for 5 s');
  });

  test('a stop ends the wait at once', async () => {
    const { train } = startPool();
    const controller = new AbortController();
    const sum = train(controller.signal);
    controller.abort(new Error('stopped by SIGINT'));
    await expect(sum).rejects.toThrow('stopped by SIGINT');
  });
});

describe('a worker', () => {
  function startWorker(dial: Parameters<typeof runWorker>[0]['dial'], retryMs: number) {
    const clock = createSimulatedClock();
    const events: WorkerEvent[] = [];
    const delays: number[] = [];
    const options = {
      ...{ url: 'ws://test', dial, clock, random: () => 0.5, firstRetryMs: retryMs, retryMs },
      session: {
        ...{
          clock,
          openEngine: () => naiveEngine,
          identity: { name: 'test', numerics: ['strict'] },
          loadDataset: async () => dataset,
        },
        pause: async () => {},
      },
      report(event: WorkerEvent) {
        events.push(event);
        if (event.event === 'retry') delays.push(event.delayMs);
      },
    };
    let outcome: unknown;
    runWorker(options, never).then(
      () => {
        outcome = 'done';
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    return { clock, events, delays, outcome: () => outcome };
  }

  test('backs off longer and longer, then gives up with the reason', async () => {
    const refuse = async () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    };
    const { clock, delays, outcome } = startWorker(refuse, 60_000);
    await runUntil(clock, 1e9, () => outcome() !== undefined);
    expect(delays.slice(0, 8)).toEqual([150, 300, 600, 1200, 2400, 4800, 7500, 7500]);
    expect(clock.now()).toBeLessThan(60_000);
    expect(String(outcome())).toContain('cannot reach the coordinator at ws://test (connect ECONNREFUSED)');
  });

  test('notices a coordinator that fell silent, and tries to come back', async () => {
    const clock = createSimulatedClock();
    const heard: WorkerMessage[] = [];
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      openFirst({ onFrame: (frame) => heard.push(decodeWorkerFrame(frame).message), onClose() {} });
      return openSecond;
    };
    const worker = startWorker(dial, 60_000);
    await runUntil(worker.clock, 20_000, () => worker.events.length > 0);
    expect(worker.clock.now()).toBe(14_000);
    expect(worker.events).toEqual([{ event: 'retry', reason: 'silent for 14 s', delayMs: 150 }]);
  });

  test('that can never compute the run says so and ends, instead of coming back', async () => {
    const clock = createSimulatedClock();
    const heard: WorkerMessage[] = [];
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      const link = openFirst({
        onFrame: (frame) => heard.push(decodeWorkerFrame(frame).message),
        onClose() {},
      });
      const { input } = config.model;
      const layers = [{ type: 'max-pool', size: 9 } as const, { type: 'dense', outputs: 3 } as const];
      const unfit = { ...config, model: { input, layers } };
      link.send(encodeFrame({ type: 'welcome', rank: 0, config: unfit }));
      return openSecond;
    };
    const worker = startWorker(dial, 60_000);
    await runUntil(clock, 1_000);
    expect(String(worker.outcome())).toContain('layer 1 (max-pool): a window of 9 × 9 does not fit');
    expect(heard.at(-1)).toMatchObject({ type: 'error', code: 'MODEL' });
    expect(worker.delays).toEqual([]);
  });

  test.for([
    [
      'a share without its parameters',
      { type: 'share', kind: 'train', step: 0, lo: 0, hi: 1 },
      'with parameters of step none',
    ],
    ['a second welcome', { type: 'welcome', rank: 1, config }, 'second welcome'],
  ] as const)('answers %s with an error and closes', async ([, message, reason]) => {
    const clock = createSimulatedClock();
    const heard: WorkerMessage[] = [];
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      const link = openFirst({
        onFrame: (frame) => heard.push(decodeWorkerFrame(frame).message),
        onClose() {},
      });
      link.send(encodeFrame({ type: 'welcome', rank: 0, config }));
      link.send(encodeFrame(message));
      return openSecond;
    };
    startWorker(dial, 0);
    await runUntil(clock, 1_000);
    expect(heard.at(-1)).toMatchObject({ type: 'error', message: expect.stringContaining(reason) });
  });
});
