import { describe, expect, test } from 'vitest';
import type { ReceivedSum } from '../../../../coordinator/connection/connected-worker.ts';
import { disturbable } from '../../../../coordinator/connection/disturbance.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

const round = { kind: 'train', step: 3 } as const;
const sumOf = (lo: number, isLast = false): ReceivedSum => ({
  round,
  node: { lo, hi: lo + 1 },
  vector: Float32Array.of(lo, 1, 2, 3),
  isLast,
  timing: undefined,
});

function disturb(onSum: (sum: ReceivedSum) => void = () => {}) {
  const clock = createSimulatedClock();
  const heard: string[] = [];
  const released: Float32Array[] = [];
  const faults: unknown[] = [];
  const { listener, disturbance } = disturbable({
    clock,
    listener: {
      onHello: ({ name }) => {
        heard.push(`hello ${name}`);
        return { rank: 5, identity: 'it' };
      },
      onAnswer: () => ({ why: 'refused', message: 'other bits' }),
      onReady: () => void heard.push('ready'),
      onArrivingSum: ({ node }) => void heard.push(`arriving ${node.lo}`),
      onPartialSum(sum) {
        heard.push(`sum ${sum.node.lo} at ${clock.now()}`);
        onSum(sum);
      },
      onDuplicate: () => void heard.push('duplicate'),
      onLeaving: () => void heard.push('leaving'),
      onGone: (reason) => void heard.push(`gone: ${reason}`),
    },
    release: (vector) => released.push(vector),
    onFault: (error) => faults.push(error),
  });
  const arrive = (lo: number) =>
    listener.onArrivingSum({ ...sumOf(lo), length: 2 } as Parameters<
      typeof listener.onArrivingSum
    >[0]);
  /** Lets the time pass until then, also if no timer is due. */
  const run = (untilMs: number) => {
    clock.setTimer(untilMs - clock.now(), () => {});
    return clock.run(() => false, untilMs);
  };
  return { clock, heard, released, faults, listener, disturbance, arrive, run };
}

describe('a worker that nobody disturbs', () => {
  test('is heard as if nothing were there', () => {
    const { listener, heard, arrive } = disturb();
    const hello = { type: 'hello', protocolVersion: 1, name: 'it' } as const;
    expect(listener.onHello(hello)).toEqual({ rank: 5, identity: 'it' });
    const answer = new Float32Array(1);
    expect(listener.onAnswer(answer)).toEqual({ why: 'refused', message: 'other bits' });
    listener.onReady();
    arrive(0);
    listener.onPartialSum(sumOf(0));
    listener.onDuplicate();
    listener.onLeaving();
    listener.onGone('done');
    expect(heard).toEqual([
      'hello it',
      'ready',
      'arriving 0',
      'sum 0 at 0',
      'duplicate',
      'leaving',
      'gone: done',
    ]);
  });
});

describe('sums that are held back', () => {
  test('come in order when the time is over, and later ones at once', async () => {
    const { listener, disturbance, heard, arrive, run } = disturb();
    disturbance.hold(100);
    arrive(0);
    listener.onPartialSum(sumOf(0));
    listener.onLeaving();
    await run(50);
    listener.onPartialSum(sumOf(1));
    await run(99);
    expect(heard).toEqual(['leaving']);
    await run(100);
    arrive(2);
    listener.onPartialSum(sumOf(2));
    expect(heard.slice(1)).toEqual(['sum 0 at 100', 'sum 1 at 100', 'arriving 2', 'sum 2 at 100']);
  });

  test('come at the time that was given last', async () => {
    const { listener, disturbance, heard, run } = disturb();
    disturbance.hold(1_000);
    listener.onPartialSum(sumOf(0));
    await run(10);
    disturbance.hold(20);
    await run(30);
    expect(heard).toEqual(['sum 0 at 30']);
    await run(2_000);
    expect(heard).toHaveLength(1);
  });

  test('go with their worker, and their vectors are given back', async () => {
    const { listener, disturbance, heard, released, run } = disturb();
    disturbance.hold(100);
    const sums = [sumOf(0), sumOf(1)];
    for (const sum of sums) listener.onPartialSum(sum);
    listener.onGone('lost');
    disturbance.hold(100);
    await run(1_000);
    expect(heard).toEqual(['gone: lost']);
    expect(released).toEqual(sums.map(({ vector }) => vector));
  });

  test('go too if one of them ends the worker', async () => {
    const { listener, disturbance, heard, released, run } = disturb(() => listener.onGone('liar'));
    disturbance.hold(10);
    for (const lo of [0, 1, 2]) listener.onPartialSum(sumOf(lo));
    await run(10);
    expect(heard).toEqual(['sum 0 at 10', 'gone: liar']);
    expect(released).toHaveLength(2);
  });

  test('that the listener cannot take are a fault, not a crash', async () => {
    const bug = new Error('a bug');
    const { listener, disturbance, faults, run } = disturb(() => {
      throw bug;
    });
    disturbance.hold(10);
    listener.onPartialSum(sumOf(0));
    await run(10);
    expect(faults).toEqual([bug]);
  });
});

describe('a flipped bit', () => {
  test('is in each sum from then on, and in none that is not whole', () => {
    const sums: ReceivedSum[] = [];
    const { listener, disturbance, arrive, heard } = disturb((sum) => sums.push(sum));
    expect(disturbance.isCorrupting).toBe(false);
    listener.onPartialSum(sumOf(0));
    disturbance.corrupt();
    arrive(1); // a sum that will be altered must not be used before it is whole
    listener.onPartialSum(sumOf(1));
    expect(disturbance.isCorrupting).toBe(true);
    listener.onPartialSum(sumOf(2));
    const bits = (vector: Float32Array) => [...new Uint32Array(vector.buffer)];
    const differences = sums.map(({ node, vector }) =>
      bits(vector).map((word, i) => word ^ bits(sumOf(node.lo).vector)[i]),
    );
    expect(differences).toEqual([
      [0, 0, 0, 0],
      [0, 0, 1 << 20, 0],
      [0, 0, 1 << 20, 0],
    ]);
    expect(heard).not.toContain('arriving 1');
  });
});

test('a call for later is not made once the worker is gone', async () => {
  const { listener, disturbance, run } = disturb();
  const called: number[] = [];
  disturbance.later(10, () => called.push(10));
  disturbance.later(20, () => called.push(20));
  await run(10);
  listener.onGone('lost');
  disturbance.later(5, () => called.push(5));
  await run(100);
  expect(called).toEqual([10]);
});
