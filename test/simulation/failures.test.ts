import { describe, expect, test } from 'vitest';
import { ConnectedWorker } from '../../coordinator/connection/connected-worker.ts';
import { bytesOf } from '../../shared/bytes.ts';
import { multilayerPerceptron } from '../../shared/engine/model/presets.ts';
import { encodeFrame } from '../../shared/protocol/codec.ts';
import { NETWORK_CHUNK_BYTES, PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { WorkerMessage } from '../../shared/protocol/messages.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createSimulatedClock } from '../support/simulation/simulated-clock.ts';
import {
  config,
  connection,
  dataset,
  runUntil,
  startPool,
} from '../support/simulation/simulated-pool.ts';
import { naiveEngine, toyConfig } from '../support/toy-run.ts';

describe('a connection', () => {
  test('is closed after ten seconds if the peer says nothing', async () => {
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

  test('is closed after ten minutes if a welcomed worker is not ready', async () => {
    const { clock, connectPeer } = startPool();
    const peer = connectPeer();
    peer.send({
      type: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      name: 'slow',
      numerics: ['strict'],
    });
    expect(await runUntil(clock, 3_600_000, () => peer.closeCode() !== undefined)).toBe(600_000);
  });

  test('is closed when its worker falls silent, which frees the rank', async () => {
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

test('the coordinator releases an incomplete sum when its worker is gone', async () => {
  const wide = toyConfig(dataset, {
    model: { ...config.model, layers: multilayerPerceptron([4000], 'tanh', 3) },
  });
  const clock = createSimulatedClock();
  const workload = createWorkload(wide, dataset);
  const { openFirst, openSecond } = connection(clock);
  const taken: Float32Array[] = [];
  const given: Float32Array[] = [];
  const worker = new ConnectedWorker(openFirst, {
    clock,
    config: wide,
    challenge: challengeFor(wide),
    workload,
    acquire(length) {
      taken.push(new Float32Array(length));
      return taken[0];
    },
    release: (vector) => given.push(vector),
    unpackBfloat16() {},
    listener: {
      onHello: () => ({ rank: 0, identity: '' }),
      onAnswer: () => undefined,
      onReady() {},
      onArrivingSum() {},
      onPartialSum() {},
      onDuplicate() {},
      onLeaving() {},
      onGone() {},
    },
  });
  const link = openSecond({ onFrame() {}, onClose() {} });
  const send = (message: WorkerMessage, values?: Float32Array) =>
    link.send(encodeFrame(message, values && bytesOf(values)));
  send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'peer', numerics: ['strict'] });
  send({ type: 'ready', parameterCount: workload.parameterCount }, new Float32Array(1));
  await runUntil(clock, 0);
  worker.sendShare({ kind: 'train', step: 0 }, { lo: 0, hi: 16 });
  const chunk = new Float32Array(NETWORK_CHUNK_BYTES / 4);
  send({ type: 'partial-sum', kind: 'train', step: 0, lo: 0, hi: 16, offset: 0 }, chunk);
  await runUntil(clock, 0);
  expect(given).toEqual([]);
  send({ type: 'error', code: 'TEST', message: 'dies' });
  await runUntil(clock, 0);
  expect(given).toEqual(taken);
  expect(given).toHaveLength(1);
});

describe('a worker that does not answer', () => {
  test('loses its share to another worker, and its late answer changes nothing', async () => {
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
        'rank 0 is late with micro-batches 0-7 of step 0 ' +
        '(30000 ms so far, its deadline was 30000 ms): rank 1 computes micro-batches 0-7 now',
    });
    for (const share of late.shares()) late.answer(share);
    await runUntil(clock, clock.now());
    expect(pool.counters).toMatchObject({
      lateShares: 1,
      staleAnswers: 1,
      leftWorkers: 0,
      lateLeaves: 8,
      lostLeaves: 0,
      discardedLeaves: 0,
    });
    const [lateStatus, goodStatus] = pool.workers();
    expect(lateStatus).toMatchObject({ lateShares: 1, answeredShares: 1, microBatches: 8 });
    // It had its own half and the other one's.
    expect(goodStatus).toMatchObject({ lateShares: 0, answeredShares: 2, microBatches: 16 });
    const { sentBytes, receivedBytes } = pool.counters;
    expect(lateStatus.sentBytes + goodStatus.sentBytes).toBe(sentBytes);
    expect(lateStatus.receivedBytes + goodStatus.receivedBytes).toBe(receivedBytes);
    expect(goodStatus.receivedBytes).toBeGreaterThan(0);
  });

  test('loses its share to the next worker that joins, if nobody is free before', async () => {
    const { clock, pool, events, connectPeer, train, expected } = startPool();
    const [first, second] = [connectPeer(), connectPeer()];
    first.join();
    second.join();
    await runUntil(clock, 0);
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 40_000);
    expect(events.at(-1)).toMatchObject({
      code: 'waiting',
      message: 'step 0 has waited 40 s for rank 0 (late), rank 1 (late)',
    });
    expect(pool.counters).toMatchObject({ lateShares: 2, reassignedShares: 0 });
    connectPeer({ computes: true }).join();
    await runUntil(clock, 50_000, () => sum !== undefined);
    expect(sum).toEqual(expected);
    expect(pool.counters).toMatchObject({ lateShares: 2, reassignedShares: 1, lateLeaves: 16 });
    expect(events).toContainEqual({
      event: 'notice',
      code: 'late',
      message: 'step 0 goes on with what was late: rank 2 computes micro-batches 0-15 now',
    });
  });

  test('gets no second share, and is disconnected after five minutes', async () => {
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
      reason: 'has not answered for 300 s (micro-batches 0-7 of step 0)',
    });
  });

  test('and then is gone loses its share to another worker at once', async () => {
    const { clock, pool, connectPeer, train, expected } = startPool();
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
    expect(pool.counters).toMatchObject({ lateLeaves: 0, lostLeaves: 8, discardedLeaves: 0 });
  });
});

describe('a worker that leaves', () => {
  test('finishes its share, gets no other and is released at once', async () => {
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

  test('is released at once if it has answered all its shares', async () => {
    const { clock, connectPeer } = startPool();
    const leaves = connectPeer();
    leaves.join();
    leaves.send({ type: 'leaving' });
    await runUntil(clock, 1);
    expect(leaves.closeCode()).toBe(1000);
  });

  test('gets no second share while its first share is unanswered', async () => {
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

  test('does not count as late after it is gone', async () => {
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
  test('a round waits with a notice now and then and continues when a worker joins', async () => {
    const { clock, events, connectPeer, train, expected } = startPool();
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, 60_000);
    expect(events.map((event) => event.event === 'notice' && event.message)).toEqual([
      'no worker is left: step 0 waits until one joins',
      'step 0 has waited 10 s for a worker',
      'step 0 has waited 20 s for a worker',
      'step 0 has waited 40 s for a worker',
    ]);
    connectPeer({ computes: true }).join();
    await runUntil(clock, clock.now() + 10, () => sum !== undefined);
    expect(sum).toEqual(expected);
  });

  test('a round fails after the worker timeout', async () => {
    const { clock, train } = startPool({ workerTimeoutMs: 5_000 });
    let error: unknown;
    train().catch((reason: unknown) => {
      error = reason;
    });
    expect(await runUntil(clock, 60_000, () => error !== undefined)).toBe(5_000);
    expect(String(error)).toContain('no worker for 5 s');
  });

  test('a stop ends the wait of a round at once', async () => {
    const { train } = startPool();
    const controller = new AbortController();
    const sum = train(controller.signal);
    controller.abort(new Error('stopped by SIGINT'));
    await expect(sum).rejects.toThrow('stopped by SIGINT');
  });
});

test('an error of our own ends one connection, and the round begins again', async () => {
  let checks = 0;
  const kernels = {
    ...naiveEngine.kernels,
    isAllBounded(values: Float32Array) {
      if (++checks === 2) throw new TypeError('a bug');
      return naiveEngine.kernels.isAllBounded(values);
    },
  };
  const { clock, events, connectPeer, train, expected } = startPool({
    engine: { ...naiveEngine, kernels },
  });
  const peers = [connectPeer({ computes: true }), connectPeer({ computes: true })];
  for (const peer of peers) peer.join();
  await runUntil(clock, 0);
  let sum: Float32Array | undefined;
  train().then(({ root }) => {
    sum = root.slice();
  });
  await runUntil(clock, 100_000, () => sum !== undefined);
  expect(sum).toEqual(expected);
  expect(peers.map((peer) => peer.closeCode())).toEqual([undefined, 1011]);
  expect(events).toContainEqual({
    event: 'notice',
    code: 'fault',
    message: expect.stringMatching(/^a connection failed: a bug \(at .*please report it$/),
  });
});
