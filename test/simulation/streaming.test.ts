import { expect, test } from 'vitest';
import { bytesOf } from '../../shared/bytes.ts';
import { config, never, runUntil, startPool } from '../support/simulation/simulated-pool.ts';

const STEP = { kind: 'train', step: 0 } as const;
const CUT = 40;

/** A pool that updates the parameters in parts, and a function to send a part of a sum. */
function startStreaming() {
  const started = startPool();
  const { server, connectPeer, train, sumOf } = started;
  const calls: string[] = [];
  const update = {
    take(root: Float32Array, from: number, to: number) {
      calls.push(`${from}-${to}`);
      server.updatePart?.(root, config.globalBatch, from, to);
      return server.roundedParameters;
    },
    rollBack() {
      calls.push('back');
      server.rollBack();
    },
  };
  const join = () => {
    const peer = connectPeer();
    peer.join();
    return peer;
  };
  type Peer = ReturnType<typeof join>;
  /** The sum of the peer's only share so far, under the parameters of step 0. */
  const sumFor = (peer: Peer) => {
    const [{ lo, hi }] = peer.shares();
    return { node: { lo, hi }, vector: sumOf(STEP, { lo, hi }).vector.slice() };
  };
  const sendPart = (
    peer: Peer,
    { node, vector }: ReturnType<typeof sumFor>,
    from: number,
    to?: number,
  ) =>
    peer.send(
      { type: 'partial-sum', ...STEP, ...node, offset: 4 * from },
      vector.subarray(from, to),
    );
  return { ...started, calls, join, sumFor, sendPart, train: () => train(never, update) };
}

test('the coordinator updates and sends parameters while sums still arrive', async () => {
  const { clock, server, join, sumFor, sendPart, train, calls, expected } = startStreaming();
  const [a, b] = [join(), join()];
  await runUntil(clock, 0);
  const training = train();
  await runUntil(clock, 0);
  const [sumA, sumB] = [sumFor(a), sumFor(b)];
  sendPart(a, sumA, 0, CUT);
  await runUntil(clock, 0);
  expect(calls).toEqual([]);
  sendPart(b, sumB, 0, CUT + 10);
  await runUntil(clock, 0);
  expect(calls).toEqual([`0-${CUT}`]);
  sendPart(b, sumB, CUT + 10);
  sendPart(a, sumA, CUT);
  await runUntil(clock, 0);
  const { root } = await training;
  expect(root).toEqual(expected);
  expect(calls).toEqual([`0-${CUT}`, `${CUT}-${expected.length}`]);
  server.update(root, config.globalBatch);
  for (const { parameters } of [a, b])
    expect(parameters.map((bytes) => Buffer.from(bytes))[1]).toEqual(
      Buffer.from(bytesOf(server.parameters)),
    );
});

test('a sum that turns out not to be finite rolls back the update of its first part', async () => {
  const { clock, server, join, sumFor, sendPart, train, calls, expected, events } =
    startStreaming();
  const before = server.parameters.slice();
  const [a, b] = [join(), join()];
  await runUntil(clock, 0);
  const training = train();
  await runUntil(clock, 0);
  const [sumA, sumB] = [sumFor(a), sumFor(b)];
  sendPart(a, sumA, 0, CUT);
  sendPart(b, sumB, 0, CUT);
  await runUntil(clock, 0);
  expect(server.parameters).not.toEqual(before);
  sumB.vector[CUT] = Number.NaN;
  sendPart(b, sumB, CUT);
  sendPart(a, sumA, CUT);
  await runUntil(clock, 0);
  expect(calls).toEqual([`0-${CUT}`, 'back']);
  expect(server.parameters).toEqual(before);
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'worker', state: 'left', rank: 1 }),
  );
  expect((await training).root).toEqual(expected);
});

test('a worker that joins during an update gets the parameters before the update', async () => {
  const { clock, server, join, sumFor, sendPart, train, calls, expected } = startStreaming();
  const before = Buffer.from(bytesOf(server.parameters).slice());
  const a = join();
  await runUntil(clock, 0);
  const training = train();
  await runUntil(clock, 0);
  const whole = sumFor(a);
  sendPart(a, whole, 0, CUT);
  await runUntil(clock, 0);
  expect(calls).toEqual([`0-${CUT}`]);
  const c = join();
  await runUntil(clock, 0);
  a.send({ type: 'error', code: 'TEST', message: 'dies' });
  await runUntil(clock, 0);
  expect(c.shares()).toMatchObject([{ lo: 0, hi: config.microBatchCount }]);
  expect(c.parameters.map((bytes) => Buffer.from(bytes))).toEqual([before]);
  sendPart(c, whole, 0);
  await runUntil(clock, 0);
  expect((await training).root).toEqual(expected);
  expect(calls).toEqual([`0-${CUT}`, `${CUT}-${expected.length}`]);
});
