import { describe, expect, test } from 'vitest';
import {
  copiesOf,
  type GivenSum,
  isSent,
  nodeBeside,
  placeNodes,
  runsOf,
  stateOf,
  sumsOf,
} from '../../../../../../coordinator/dashboard/page/steps/tree-layout.ts';
import { maximalSubtrees } from '../../../../../../shared/reduction-tree.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

/** The sums of workers that divide the leaves evenly. */
function sumsOfWorkers(leafCount: number, workers: number): GivenSum[] {
  return Array.from({ length: workers }, (_, rank) => rank).flatMap((rank) => {
    const [lo, hi] = [rank, rank + 1].map((part) => Math.round((leafCount * part) / workers));
    return maximalSubtrees(leafCount, { lo, hi }).map((node) => ({ ...node, rank, isKnown: true }));
  });
}
const show = (sums: readonly GivenSum[]) =>
  sums.map(({ lo, hi, rank, isKnown }) => `${lo}-${hi} ${rank} ${isKnown}`);

describe('the sums of a step', () => {
  test('are what the root was added up from, with the times of their arrival', () => {
    const step = toyStep([toyShare(1, 8, 16), toyShare(0, 0, 8, { answeredAtMs: 2.5 })], {
      work: [
        { rank: 1, lo: 8, hi: 16 },
        { rank: null, lo: 0, hi: 8 },
      ],
    });
    expect(sumsOf(step, 16)).toEqual([
      { lo: 0, hi: 8, rank: null, ms: undefined, isKnown: true },
      { lo: 8, hi: 16, rank: 1, ms: 3, isKnown: true },
    ]);
  });

  test('are under way what has arrived, and what the workers were asked for', () => {
    const shares = [toyShare(0, 0, 6), openShare(1, 6, 12), openShare(2, 12, 16, { lostAtMs: 1 })];
    const arrivals = [
      { rank: 0, lo: 0, hi: 4, ms: 2 },
      { rank: 0, lo: 4, hi: 6, ms: 3 },
      { rank: 1, lo: 8, hi: 12, ms: 3 },
    ];
    const step = toyStep(shares, { isDone: false, work: [], arrivals });
    expect(show(sumsOf(step, 16))).toEqual([
      ...['0-4 0 true', '4-6 0 true', '6-8 1 false', '8-12 1 true', '12-16 undefined false'],
    ]);
  });

  test('are under way expected from who was asked last', () => {
    const shares = [openShare(0, 0, 8, { deadlineAtMs: 1 }), openShare(1, 0, 8, { startMs: 2 })];
    const step = toyStep(shares, { isDone: false, work: [] });
    expect(show(sumsOf(step, 8))).toEqual(['0-8 1 false']);
  });

  test('are the larger ones of two that overlap', () => {
    const arrivals = [
      { rank: 0, lo: 0, hi: 4, ms: 1 },
      { rank: 1, lo: 0, hi: 8, ms: 2 },
      { rank: 2, lo: 4, hi: 8, ms: 3 },
    ];
    const step = toyStep([], { isDone: false, work: [], arrivals });
    expect(show(sumsOf(step, 8))).toEqual(['0-8 1 true']);
  });

  test('cover each leaf once for any number of leaves and workers', () => {
    for (const leafCount of [1, 2, 3, 5, 13, 16, 100, 4096, 4097])
      for (const workers of [1, 3, 64]) {
        const sums = sumsOfWorkers(leafCount, workers);
        const arrivals = sums.map((sum, i) => ({ ...sum, rank: 0, ms: i }));
        const half = arrivals.slice(0, arrivals.length / 2);
        const underWay = toyStep([], { isDone: false, work: [], arrivals: half });
        let end = 0;
        for (const { lo, hi } of sumsOf(underWay, leafCount)) {
          expect(lo).toBe(end);
          end = hi;
        }
        expect(end).toBe(leafCount);
      }
  });
});

describe('a node', () => {
  const sums: GivenSum[] = [
    { lo: 0, hi: 4, rank: 0, isKnown: true },
    { lo: 4, hi: 8, rank: 1, isKnown: false },
  ];

  test('belongs to the worker whose sum it is a part of, or to the coordinator', () => {
    expect(stateOf(sums, { lo: 2, hi: 4 })).toEqual({ given: sums[0], isKnown: true });
    expect(stateOf(sums, { lo: 4, hi: 5 })).toEqual({ given: sums[1], isKnown: false });
    expect(stateOf(sums, { lo: 0, hi: 8 })).toEqual({ given: undefined, isKnown: false });
  });

  test('is sent if it is the whole sum of a worker', () => {
    expect(isSent(sums[0], { lo: 0, hi: 4 })).toBe(true);
    expect(isSent(sums[0], { lo: 0, hi: 2 })).toBe(false);
    expect(isSent({ ...sums[0], rank: null }, { lo: 0, hi: 4 })).toBe(false);
    expect(isSent(undefined, { lo: 0, hi: 4 })).toBe(false);
  });
});

describe('the tree', () => {
  const place = (leafCount: number, width: number) =>
    placeNodes(sumsOfWorkers(leafCount, 3), leafCount, width, 180);

  test('has its leaves in order at the bottom, and its root at the top', () => {
    const nodes = place(16, 640);
    expect(nodes).toHaveLength(31);
    expect(nodes[0]).toMatchObject({ lo: 0, hi: 16, x: 320, y: 0, parent: undefined });
    const leaves = nodes.filter(({ lo, hi }) => hi - lo === 1);
    expect(leaves.map(({ x, y }) => [x, y])).toEqual(
      Array.from({ length: 16 }, (_, i) => [20 + 40 * i, 180]),
    );
  });

  test('has each parent above its children, for odd numbers of leaves too', () => {
    for (const leafCount of [2, 3, 5, 13, 31, 33])
      for (const { y, x, lo, hi, parent } of place(leafCount, 640)) {
        if (!parent) continue;
        expect(parent.y).toBeLessThan(y);
        expect(parent.lo <= lo && hi <= parent.hi).toBe(true);
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(640);
      }
  });

  test('of one leaf is that leaf', () => {
    const [leaf, ...others] = place(1, 640);
    expect(leaf).toMatchObject({ lo: 0, hi: 1, x: 320, y: 180, isFolded: false });
    expect(others).toEqual([]);
  });

  test('of many leaves has the levels that have room', () => {
    for (const [leafCount, width] of [
      [4096, 640],
      [4097, 340],
      [1000, 340],
    ]) {
      const nodes = place(leafCount, width);
      expect(nodes.length).toBeLessThan(300);
      for (const { radius, lo, hi, isFolded } of nodes) {
        expect(radius).toBeGreaterThanOrEqual(1.5);
        expect(
          isFolded ||
            nodes.some((child) => child.parent?.lo === lo && child.parent.hi === hi) ||
            hi - lo === 1,
        ).toBe(true);
      }
      const folded = nodes.filter(({ isFolded }) => isFolded);
      // Whatever is not drawn lies in the fan of a node that is.
      const hidden = folded.reduce((sum, { lo, hi }) => sum + hi - lo, 0);
      const leaves = nodes.filter(({ lo, hi }) => hi - lo === 1).length;
      expect(hidden + leaves).toBe(leafCount);
    }
  });

  test('names neighbors of one rank once', () => {
    expect(runsOf(sumsOfWorkers(16, 3))).toEqual([
      { lo: 0, hi: 5, rank: 0 },
      { lo: 5, hi: 11, rank: 1 },
      { lo: 11, hi: 16, rank: 2 },
    ]);
  });

  test('leads to parents, children and neighbors', () => {
    const nodes = place(5, 640);
    const at = (from: object | undefined, arrow: string) =>
      nodeBeside(nodes, from as GivenSum | undefined, `Arrow${arrow}`);
    expect(at(undefined, 'Up')).toMatchObject({ lo: 0, hi: 5 });
    expect(at({ lo: 0, hi: 5 }, 'Down')).toMatchObject({ lo: 0, hi: 4 });
    expect(at({ lo: 0, hi: 4 }, 'Up')).toMatchObject({ lo: 0, hi: 5 });
    expect(at({ lo: 0, hi: 5 }, 'Up')).toBeUndefined();
    expect(at({ lo: 3, hi: 4 }, 'Right')).toMatchObject({ lo: 4, hi: 5 });
    expect(at({ lo: 0, hi: 1 }, 'Left')).toBeUndefined();
    expect(at({ lo: 0, hi: 1 }, 'Down')).toBeUndefined();
  });
});

describe('the copies', () => {
  test('are the shares that did not count, in lanes without overlap', () => {
    const shares = [
      toyShare(0, 0, 8),
      openShare(1, 8, 16, { lostAtMs: 1 }),
      toyShare(0, 8, 16, { startMs: 2 }),
      toyShare(2, 4, 12, { purpose: 'trial' }),
    ];
    const work = [
      { rank: 0, lo: 0, hi: 8 },
      { rank: 0, lo: 8, hi: 16 },
    ];
    const copies = copiesOf(toyStep(shares, { work }));
    expect(copies.map(({ share, lane }) => [share.rank, lane])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  test('without room are left out', () => {
    const shares = Array.from({ length: 9 }, (_, rank) => openShare(rank, 0, 8, { lostAtMs: 1 }));
    expect(copiesOf(toyStep(shares))).toHaveLength(2);
  });

  test('are none if all went well', () => {
    expect(copiesOf(toyStep([toyShare(0, 0, 8), toyShare(1, 8, 16)]))).toEqual([]);
  });
});
