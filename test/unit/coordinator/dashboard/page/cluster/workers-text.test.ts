import { describe, expect, test } from 'vitest';
import {
  recentlyLeft,
  workersTable,
  workersTitle,
} from '../../../../../../coordinator/dashboard/page/cluster/workers-text.ts';
import { createStepHistory } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { toyBucket, toyView, toyWorker } from '../../../../../support/toy-view.ts';

/** A view after some steps with these shares of the ranks. */
function viewOf(
  shares: readonly number[],
  workers = shares.map((_, rank) => toyWorker(rank)),
  end = false,
) {
  const history = createStepHistory();
  for (let step = 0; step < 40; step++)
    history.add([toyBucket(step, { shares: new Map(shares.map((count, rank) => [rank, count])) })]);
  const ending = { message: 'done', testAccuracy: 1, parametersSha256: '', totalSeconds: 1 };
  return toyView({ history, status: { workers, end: end ? ending : null } });
}

describe('the title of the workers', () => {
  test('says who does most, and why', () => {
    const workers = [1000, 1800, 1000].map((examplesPerSecond, rank) =>
      toyWorker(rank, { examplesPerSecond }),
    );
    expect(workersTitle(viewOf([4, 7, 5], workers))).toBe(
      '3 workers compute; rank 1 does most: 7 of 16 micro-batches, ' +
        'because it is 1.8 times as fast as the others.',
    );
    expect(workersTitle(viewOf([4, 12], workers.slice(0, 2)))).toMatch(/as fast as rank 0\.$/);
  });

  test('gives no reason that is none', () => {
    expect(workersTitle(viewOf([4, 7, 5]))).toMatch(/7 of 16 micro-batches\.$/);
    const unmeasured = [0, 1].map((rank) => toyWorker(rank, { examplesPerSecond: null }));
    expect(workersTitle(viewOf([4, 12], unmeasured))).toMatch(/12 of 16 micro-batches\.$/);
  });

  test('says so if all do the same', () => {
    expect(workersTitle(viewOf([8, 8]))).toBe(
      '2 workers compute; each does 8 of 16 micro-batches.',
    );
    expect(workersTitle(viewOf([5, 6, 5]))).toMatch(/each does 5 or 6 of 16/);
    expect(workersTitle(viewOf([16]))).toBe('1 worker computes each step.');
  });

  test('knows the shares of the highest ranks from the workers themselves', () => {
    const workers = Array.from({ length: 20 }, (_, rank) => toyWorker(rank, { microBatches: 9 }));
    const shares = workers.map(() => 1).slice(0, 16);
    expect(workersTitle(viewOf(shares, workers))).toMatch(/rank 16 does most: 9 of 16/);
  });

  test('counts only workers that are ready', () => {
    const workers = [toyWorker(0), toyWorker(1, { state: 'preparing' })];
    expect(workersTitle(viewOf([16], workers))).toBe('1 worker computes each step.');
    expect(workersTitle(viewOf([], [toyWorker(0, { state: 'preparing' })]))).toMatch(
      /waits for one/,
    );
  });

  test('speaks of a run that is over in the past', () => {
    expect(workersTitle(viewOf([4, 12], undefined, true))).toMatch(/computed; rank 1 did most/);
  });

  test('says that there are none', () => {
    expect(workersTitle(viewOf([]))).toMatch(/^No worker is ready/);
    expect(workersTitle(toyView({ facts: { hasCluster: false } }))).toMatch(/^One process/);
  });
});

test('workers that have left are shown for a minute', () => {
  const left = [70_000, 10_001, 10_000].map((leftAt, rank) => ({
    ...{ rank, name: `w${rank}`, reason: 'killed', leftAt },
  }));
  const shown = recentlyLeft(toyView({ time: 70_000, status: { left } }));
  expect(shown.map(({ rank }) => rank)).toEqual([0, 1]);
});

test('the table says where a worker is, what it does and for how long it is here', () => {
  const elsewhere = {
    place: 'network',
    address: '10.0.0.7',
    sentBytes: 5,
    receivedBytes: 6,
  } as const;
  const workers = [
    toyWorker(0),
    toyWorker(1, { ...elsewhere, threads: null, examplesPerSecond: null }),
    toyWorker(2, { place: 'machine', address: '::1', threads: 4 }),
    toyWorker(3, { ...elsewhere, runtime: 'browser Firefox 140', isHidden: true }),
    toyWorker(4, { ...elsewhere, runtime: 'browser', threads: null, isHidden: false }),
  ];
  const time = Date.parse('2026-01-01T00:00:09.500Z');
  const { columns, rows } = workersTable(toyView({ time, status: { workers } }));
  expect(rows).toEqual([
    [0, 'local-0', 'this process', 'node, 1 thread', 1000, 8, 100, 1, 0, null, null, 9.5],
    [1, 'local-1', '10.0.0.7', 'node', null, 8, 100, 1, 0, 5, 6, 9.5],
    [2, 'local-2', 'this machine', 'node, 4 threads', 1000, 8, 100, 1, 0, 0, 0, 9.5],
    [
      ...[3, 'local-3', '10.0.0.7', 'browser Firefox 140, 1 thread, hidden'],
      ...[1000, 8, 100, 1, 0, 5, 6, 9.5],
    ],
    [4, 'local-4', '10.0.0.7', 'browser, visible', 1000, 8, 100, 1, 0, 5, 6, 9.5],
  ]);
  for (const row of rows) expect(row).toHaveLength(columns.length);
});
