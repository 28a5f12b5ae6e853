import { describe, expect, test } from 'vitest';
import { config, never, runUntil, startPool } from '../support/simulation/simulated-pool.ts';

const STEP = { kind: 'train', step: 0 } as const;
const TAB = 'browser Firefox 140';

/** Only the first sums of guests are checked, by other workers. */
const guests = { guestAudit: { isSelected: () => false, isCheckedHere: () => false } };

/** Runs a round to its end and returns a copy of its sum. */
async function sumOf({ clock, train }: Pick<ReturnType<typeof startPool>, 'clock' | 'train'>) {
  let root: Float32Array | undefined;
  train().then((sum) => {
    root = sum.root.slice();
  });
  await runUntil(clock, clock.now() + 200_000, () => root !== undefined);
  return root;
}

describe('a tab', () => {
  test('is checked by a worker of another address, and nobody else is', async () => {
    const started = startPool(guests);
    const { pool, clock, connectPeer, expected } = started;
    connectPeer({ computes: true, address: '10.0.0.1' }).join();
    connectPeer({ computes: true, address: '10.0.0.2', runtime: TAB }).join();
    await runUntil(clock, 0);
    expect(await sumOf(started)).toEqual(expected);
    expect(pool.counters).toMatchObject({ auditedSums: 1, passedAudits: 1 });
    expect(pool.workers().map(({ runtime, checkedSums }) => [runtime, checkedSums])).toEqual([
      ['node', 1],
      [TAB, 1],
    ]);
  });

  test('that flips a bit is found and expelled', async () => {
    const started = startPool(guests);
    const { pool, clock, connectPeer, expected } = started;
    connectPeer({ computes: true, address: '10.0.0.1' }).join();
    const tab = connectPeer({ computes: true, lies: true, address: '10.0.0.2', runtime: TAB });
    tab.join();
    await runUntil(clock, 0);
    expect(await sumOf(started)).toEqual(expected);
    await runUntil(clock, clock.now());
    expect(tab.closeCode()).toBe(4001);
    expect(pool.counters.wrongSums).toBe(1);
  });

  test('is never checked by a tab of the same address', async () => {
    const started = startPool(guests);
    const { pool, clock, connectPeer, expected } = started;
    const liars = [0, 1].map(() =>
      connectPeer({ computes: true, lies: true, address: '10.0.0.2', runtime: TAB }),
    );
    for (const liar of liars) liar.join();
    connectPeer({ computes: true, address: '10.0.0.1' }).join();
    await runUntil(clock, 0);
    expect(await sumOf(started)).toEqual(expected);
    expect(pool.counters.wrongSums).toBe(2);
  });
});

test('a tab that joins in a streamed step ends the stream, and costs no bit', async () => {
  const { pool, clock, server, connectPeer, train, sumOf, expected } = startPool(guests);
  const before = server.parameters.slice();
  const calls: string[] = [];
  const update = {
    take(root: Float32Array, from: number, to: number) {
      calls.push('take');
      server.updatePart?.(root, config.globalBatch, from, to);
      return server.roundedParameters;
    },
    rollBack() {
      calls.push('back');
      server.rollBack();
    },
  };
  const steady = connectPeer({ address: '10.0.0.1' });
  steady.join();
  await runUntil(clock, 0);
  const training = train(never, update);
  await runUntil(clock, 0);
  const node = { lo: 0, hi: config.microBatchCount };
  const vector = sumOf(STEP, node).vector.slice();
  const send = (peer: typeof steady, from: number, to?: number) =>
    peer.send(
      { type: 'partial-sum', ...STEP, ...node, offset: 4 * from },
      vector.subarray(from, to),
    );
  send(steady, 0, 40);
  await runUntil(clock, 0);
  expect(calls).toEqual(['take']);
  expect(server.parameters).not.toEqual(before);
  const tab = connectPeer({ address: '10.0.0.9', runtime: TAB });
  tab.join();
  await runUntil(clock, 0);
  steady.send({ type: 'error', code: 'TEST', message: 'dies' });
  await runUntil(clock, 0);
  expect(tab.shares().at(-1)).toMatchObject(node);
  send(tab, 0, 60);
  await runUntil(clock, 0);
  expect(calls).toEqual(['take']);
  send(tab, 60);
  await runUntil(clock, 0);
  expect(calls).toEqual(['take', 'back']);
  expect(server.parameters).toEqual(before);
  expect((await training).root).toEqual(expected);
  expect(pool.counters).toMatchObject({ auditedSums: 1, passedAudits: 1 });
});
