import { describe, expect, test } from 'vitest';
import { createBroadcaster } from '../../../../coordinator/connection/broadcast.ts';
import type {
  ArrivingSum,
  ReceivedSum,
} from '../../../../coordinator/connection/connected-worker.ts';
import { bytesOf } from '../../../../shared/bytes.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import type { Round } from '../../../../shared/round/workload.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { connectWorker } from '../../../support/toy-connected-worker.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const STEP: Round = { kind: 'train', step: 4 };

/** A worker that is ready, and that owes the leaves [lo, hi) if they are given. */
function startShare(share?: { lo: number; hi: number }, overrides: Partial<RunConfig> = {}) {
  const arriving: ArrivingSum[] = [];
  const received: ReceivedSum[] = [];
  const connected = connectWorker(
    { onArrivingSum: (sum) => arriving.push(sum), onPartialSum: (sum) => received.push(sum) },
    overrides,
  );
  connected.join();
  if (share) connected.worker.sendShare(STEP, share);
  const values = createDraws(1).floats(connected.workload.vectorLength('train'));
  const sendSum = (lo: number, hi: number, { from = 0, to = values.length, round = STEP } = {}) =>
    connected.send(
      { type: 'partial-sum', ...round, lo, hi, offset: 4 * from },
      bytesOf(values.subarray(from, to)),
    );
  return { ...connected, arriving, received, values, sendSum };
}

describe('a share', () => {
  test('lets its worker send frames as long as a sum, until it is answered', () => {
    const { frameBytesMax, sendSum, values } = startShare({ lo: 3, hi: 8 });
    expect(frameBytesMax()).toBe(64 * 1024 + 4 * values.length);
    sendSum(3, 4);
    expect(frameBytesMax()).toBeGreaterThan(64 * 1024);
    sendSum(4, 8);
    expect(frameBytesMax()).toBe(64 * 1024);
  });

  test('is asked for, and answered by the sums of its largest nodes in order', () => {
    const { send, sent, received, values, heard, sendSum } = startShare({ lo: 3, hi: 8 });
    expect(sent.at(-1)).toEqual({ type: 'share', ...STEP, lo: 3, hi: 8 });
    sendSum(3, 4);
    const timing = {
      startedAt: 1,
      receiveMs: 2,
      computeMs: 3,
      sendMs: 4,
      cpuMs: 5,
      throttledMs: 6,
    };
    const last = { type: 'partial-sum', ...STEP, lo: 4, hi: 8, offset: 0, timing } as const;
    send(last, bytesOf(values));
    const common = { round: STEP, vector: values };
    expect(received).toEqual([
      { ...common, node: { lo: 3, hi: 4 }, isLast: false, timing: undefined },
      { ...common, node: { lo: 4, hi: 8 }, isLast: true, timing },
    ]);
    expect(heard).toEqual(['ready']);
  });

  test('hands over each vector, and keeps none', () => {
    const { received, lent, breakOff, sendSum } = startShare({ lo: 3, hi: 8 });
    sendSum(3, 4);
    sendSum(4, 8);
    breakOff(1006, '');
    expect(received.map(({ vector }) => vector)).toEqual([...lent]);
    expect(received[0].vector).not.toBe(received[1].vector);
  });

  test('takes a sum by chunks, and tells how much of it is there', () => {
    const { arriving, received, values, lent, sendSum } = startShare({ lo: 0, hi: 8 });
    sendSum(0, 8, { to: 10 });
    sendSum(0, 8, { from: 10, to: 30 });
    expect(arriving.map(({ length, node }) => [length, node])).toEqual([
      [10, { lo: 0, hi: 8 }],
      [30, { lo: 0, hi: 8 }],
    ]);
    expect(received).toEqual([]);
    sendSum(0, 8, { from: 30 });
    expect(received).toMatchObject([{ vector: values, isLast: true }]);
    expect(arriving).toHaveLength(2);
    expect(lent.size).toBe(1);
  });

  test('unpacks what travels as bfloat16', () => {
    const { send, received, workload } = startShare({ lo: 0, hi: 8 }, { wire: 'bf16' });
    const { parameterCount } = workload;
    const halves = new Uint16Array(parameterCount + 4).fill(0x3fc0, 0, parameterCount);
    const packed = new Uint8Array(halves.buffer);
    send({ type: 'partial-sum', ...STEP, lo: 0, hi: 8, offset: 0 }, packed);
    expect([...received[0].vector]).toEqual([...new Array(parameterCount).fill(1.5), 0, 0]);
  });
});

describe('a sum', () => {
  test.for<[string, number, number, Round]>([
    ['of another node', 0, 4, STEP],
    ['of a later node', 4, 8, STEP],
    ['of another step', 3, 4, { kind: 'train', step: 3 }],
    ['of another kind of round', 3, 4, { kind: 'test', step: 4 }],
  ])('%s is dropped and counted', ([, lo, hi, round]) => {
    const { sendSum, heard, received, lent, closed } = startShare({ lo: 3, hi: 8 });
    sendSum(lo, hi, { round });
    expect(heard).toEqual(['ready', 'duplicate']);
    expect([received, lent.size, closed]).toEqual([[], 0, []]);
    sendSum(3, 4);
    expect(received).toHaveLength(1);
  });

  test('that was never asked for, or that was given before, is dropped and counted', () => {
    const { worker, sendSum, heard, received } = startShare();
    sendSum(0, 8);
    worker.sendShare(STEP, { lo: 0, hi: 8 });
    sendSum(0, 8);
    sendSum(0, 8);
    expect(heard).toEqual(['ready', 'duplicate', 'duplicate']);
    expect(received).toHaveLength(1);
  });
});

describe('half a sum', () => {
  test('is released once when its worker is gone', () => {
    const { sendSum, breakOff, worker, lent, received } = startShare({ lo: 0, hi: 8 });
    sendSum(0, 8, { to: 10 });
    expect(lent.size).toBe(1);
    breakOff(1006, '');
    worker.close({ why: 'stopping' });
    expect([lent.size, received]).toEqual([0, []]);
  });

  test.for([
    ['leaves a gap', 11],
    ['repeats values', 9],
  ] as const)('ends the connection if the next chunk %s', ([, from]) => {
    const { sendSum, lent, closed, received } = startShare({ lo: 0, hi: 8 });
    sendSum(0, 8, { to: 10 });
    sendSum(0, 8, { from });
    expect(closed).toMatchObject([{ code: 4000 }]);
    expect([lent.size, received]).toEqual([0, []]);
  });
});

describe('a worker', () => {
  test('is free before its share, and from the beginning of the last sum on', () => {
    const { worker, sendSum } = startShare();
    const isFree = [worker.isFree];
    worker.sendShare(STEP, { lo: 3, hi: 8 });
    const events = [() => sendSum(3, 4, { to: 10 }), () => sendSum(3, 4, { from: 10 })];
    for (const send of [...events, () => sendSum(4, 8, { to: 10 })]) {
      isFree.push(worker.isFree);
      send();
    }
    expect([...isFree, worker.isFree]).toEqual([true, false, false, false, true]);
    sendSum(4, 8, { from: 10 });
    expect(worker.isFree).toBe(true);
  });

  test('gets each frame of a broadcast once, and all frames of another one', () => {
    const { worker, sent, workload } = startShare();
    const parameters = new Float32Array(workload.parameterCount);
    const createBroadcast = createBroadcaster(naiveEngine, workload);
    const [first, second] = [createBroadcast(0, 400), createBroadcast(1, 400)];
    const sendPart = (broadcast: typeof first, length: number) => {
      const sentCount = sent.length;
      broadcast.encode(parameters, length);
      worker.sendParameters(broadcast);
      return sent.slice(sentCount).map((message) => 'offset' in message && message.offset);
    };
    expect(sendPart(first, 100)).toEqual([0]);
    expect(sendPart(first, 100)).toEqual([]);
    expect(sendPart(first, parameters.length)).toEqual([400]);
    expect(sendPart(second, parameters.length)).toEqual([0, 400]);
  });

  test('answers eight pings in a row once it is ready', () => {
    const { ofType, pong } = startShare();
    for (let count = 1; count <= 20; count++) {
      expect(ofType('ping')).toHaveLength(Math.min(count, 8));
      pong(0);
    }
  });

  test('has its clock compared by the ping that was answered fastest', async () => {
    const { worker, clock, pong } = startShare();
    expect(worker.clockOffsetMs).toBeUndefined();
    for (const ms of [2_500, 3_500, 3_600]) clock.setTimer(ms, () => {});
    await clock.run(() => false, 2_500);
    pong(2_000, 10_000);
    expect(worker.clockOffsetMs).toBe(7_750);
    await clock.run(() => false, 3_500);
    pong(2_500, 99_999);
    expect(worker.clockOffsetMs).toBe(7_750);
    await clock.run(() => false, 3_600);
    pong(3_500, 10_000);
    expect(worker.clockOffsetMs).toBe(6_450);
  });
});
