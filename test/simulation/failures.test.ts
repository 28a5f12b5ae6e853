import { describe, expect, test } from 'vitest';
import { ConnectedWorker } from '../../coordinator/connected-worker.ts';
import { multilayerPerceptron } from '../../shared/engine/presets.ts';
import { bytesOf, encodeFrame } from '../../shared/protocol/codec.ts';
import { NETWORK_CHUNK_BYTES, PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { WorkerMessage } from '../../shared/protocol/messages.ts';
import { createWorkload } from '../../shared/workload.ts';
import { createSimulatedClock } from '../support/simulated-clock.ts';
import { config, connection, dataset, runUntil, startPool } from '../support/simulated-pool.ts';
import { toyConfig } from '../support/toy-run.ts';

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
    widen() {},
    listener: {
      ...{ onHello: () => 0, onReady() {}, onGrowth() {}, onPartialSum() {} },
      ...{ onUnasked() {}, onLeaving() {}, onGone() {} },
    },
  });
  const link = openSecond({ onFrame() {}, onClose() {} });
  const send = (message: WorkerMessage, values?: Float32Array) =>
    link.send(encodeFrame(message, values && bytesOf(values)));
  send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'peer', numerics: ['strict'] });
  send({ type: 'ready', parameterCount: workload.parameterCount });
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
