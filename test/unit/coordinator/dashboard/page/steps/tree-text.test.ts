import { describe, expect, test } from 'vitest';
import {
  additionsOf,
  nodeStory,
  treeTitle,
} from '../../../../../../coordinator/dashboard/page/steps/tree-text.ts';
import type { StepDetail } from '../../../../../../coordinator/dashboard/steps/step-detail.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

const step = toyStep([toyShare(0, 0, 8), toyShare(1, 8, 16)]);

describe('the additions of a step', () => {
  test('are one less than the micro-batches, whoever makes them', () => {
    const sums = [
      { lo: 0, hi: 8, rank: 3, isKnown: true },
      { lo: 8, hi: 12, rank: null, isKnown: true },
      { lo: 12, hi: 13, rank: 1, isKnown: true },
    ];
    const additions = additionsOf(sums);
    expect([...additions]).toEqual([
      [1, 0],
      [3, 7],
      [null, 5],
    ]);
    expect([...additions.values()].reduce((sum, count) => sum + count, 0)).toBe(12);
  });
});

describe('the title', () => {
  test('says who made how many additions', () => {
    expect(treeTitle(step, 16)).toBe(
      '16 micro-batches became one sum by 15 additions: ' +
        'rank 0 made 7, rank 1 7, the coordinator 1.',
    );
  });

  test('counts the workers if they are many', () => {
    const shares = Array.from({ length: 64 }, (_, i) => toyShare(i, 64 * i, 64 * i + 64));
    expect(treeTitle(toyStep(shares), 4096)).toBe(
      '4,096 micro-batches became one sum by 4,095 additions: ' +
        '64 workers made 4,032, the coordinator 63.',
    );
  });

  test('says how far a step under way is', () => {
    const shares = [toyShare(0, 0, 8), openShare(1, 8, 16)];
    expect(treeTitle(toyStep(shares, { isDone: false, work: [] }), 16)).toBe(
      '8 of 16 micro-batches of step 7 are summed.',
    );
  });

  test('fits one micro-batch, two, one process, and no step', () => {
    expect(treeTitle(toyStep([toyShare(0, 0, 1)]), 1)).toBe(
      'A step has one micro-batch, so nothing is added.',
    );
    expect(treeTitle(toyStep([toyShare(0, 0, 2)]), 2)).toBe(
      '2 micro-batches became one sum by 1 addition: rank 0 made 1, the coordinator 0.',
    );
    const alone = toyStep([], { work: [{ lo: 0, hi: 16, rank: null }] });
    expect(treeTitle(alone, 16)).toBe('One process summed all 16 micro-batches.');
    expect(treeTitle(undefined, 16)).toBe('No step is done yet.');
  });
});

describe('the story of a node', () => {
  const story = (lo: number, hi: number, detail: StepDetail = step) =>
    nodeStory({ lo, hi }, detail, 16);

  test('says who computed it, from what, and when its sum arrived', () => {
    expect(story(5, 6)).toBe('Micro-batch 5: rank 0 computed the gradient.');
    expect(story(4, 6)).toBe('Micro-batches 4-5: rank 0 computed the sum of 4 and 5.');
    expect(story(8, 16)).toBe(
      'Micro-batches 8-15: rank 1 computed the sum of 8-11 and 12-15. ' +
        'This sum went to the coordinator, where it arrived after 3.0 ms.',
    );
    expect(story(0, 16)).toBe(
      'Micro-batches 0-15: the coordinator computed the sum of 0-7 and 8-15. ' +
        'Divided by the number of examples, it is the gradient.',
    );
  });

  test('says what is still to do', () => {
    const underWay = toyStep([toyShare(0, 0, 8), openShare(1, 8, 12)], { isDone: false, work: [] });
    expect(story(8, 10, underWay)).toBe(
      'Micro-batches 8-9: rank 1 has yet to compute the sum of 8 and 9.',
    );
    expect(story(13, 14, underWay)).toBe(
      'Micro-batch 13: somebody has yet to compute the gradient.',
    );
    expect(story(0, 16, underWay)).toContain('the coordinator has yet to compute the sum of');
  });

  test('names those who computed it too, or should have', () => {
    const shares = [
      toyShare(0, 0, 8),
      openShare(1, 8, 16, { lostAtMs: 1 }),
      toyShare(0, 8, 16, { startMs: 2 }),
      toyShare(2, 8, 12, { purpose: 'trial' }),
      toyShare(3, 8, 16, { purpose: 'audit' }),
    ];
    const work = [
      { rank: 0, lo: 0, hi: 8 },
      { rank: 0, lo: 8, hi: 16 },
    ];
    expect(story(9, 10, toyStep(shares, { work }))).toBe(
      'Micro-batch 9: rank 0 computed the gradient. Rank 1 was lost with it. ' +
        'Rank 2 computed it too, as a trial. Rank 3 computed it too, to check it.',
    );
  });
});
