import { expect, test } from 'vitest';
import { bytesOf } from '../../shared/protocol/codec.ts';
import { config, never, runUntil, startPool } from '../support/simulated-pool.ts';

const STEP = { kind: 'train', step: 0 } as const;
const CUT = 40;

/** A pool whose sums are updated by parts, and how a peer sends a part of a sum. */
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
    takeBack() {
      calls.push('back');
      server.takeBack();
    },
  };
  const join = () => {
    const peer = connectPeer();
    peer.join();
    return peer;
  };
  type Peer = ReturnType<typeof join>;
  /** The sum of the only share that the peer was given so far; as it is under the parameters of the step. */
  const sumFor = (peer: Peer) => {
    const [{ lo, hi }] = peer.shares();
    return { node: { lo, hi }, vector: sumOf(STEP, { lo, hi }).vector.slice() };
  };
  const sendPart = (peer: Peer, { node, vector }: ReturnType<typeof sumFor>, from: number, to?: number) =>
    peer.send({ type: 'partial-sum', ...STEP, ...node, offset: 4 * from }, vector.subarray(from, to));
  return { ...started, calls, join, sumFor, sendPart, train: () => train(never, update) };
}

test('the parameters are updated, and sent, while the sums are still coming in', async () => {
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
    expect(parameters.map((bytes) => Buffer.from(bytes))[1]).toEqual(Buffer.from(bytesOf(server.parameters)));
});

test('a sum that turns out not to be finite takes back what was updated by its first part', async () => {
  const { clock, server, join, sumFor, sendPart, train, calls, expected, events } = startStreaming();
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
  expect(events).toContainEqual(expect.objectContaining({ event: 'worker', state: 'left', rank: 1 }));
  expect((await training).root).toEqual(expected);
});

test('a worker that comes while parameters are being updated gets those of the step', async () => {
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
