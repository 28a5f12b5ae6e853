import { describe, expect, test } from 'vitest';
import { sceneOf } from '../../../../../../coordinator/dashboard/page/steps/timeline-scene.ts';
import {
  barStory,
  disturbanceTitle,
  timelineTitle,
} from '../../../../../../coordinator/dashboard/page/steps/timeline-text.ts';
import type { StepDetail } from '../../../../../../coordinator/dashboard/steps/step-detail.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

const answered = (rank: number, answeredAtMs: number) =>
  toyShare(rank, rank, rank + 1, { answeredAtMs });

describe('the title', () => {
  test('says who was last, and how long the others waited', () => {
    const step = toyStep([answered(0, 2), answered(1, 3), answered(2, 2.5)]);
    expect(timelineTitle([step, step])).toBe(
      'A step takes 4.0 ms; rank 1 was last, and the others waited 0.75 ms for it.',
    );
  });

  test('says how often, and does not single out a worker that was last by chance', () => {
    const first = toyStep([answered(0, 2), answered(1, 3)]);
    const second = toyStep([answered(0, 4), answered(1, 3)]);
    expect(timelineTitle([first, first, second])).toBe(
      'A step takes 4.0 ms; rank 1 was last in 2 of 3, and the others waited 1.0 ms for it.',
    );
    expect(timelineTitle([first, second])).toBe(
      'A step takes 4.0 ms; the others waited 1.0 ms for the last worker.',
    );
  });

  test('leaves trials, evaluations and the step under way out', () => {
    const trial = { ...answered(2, 9), purpose: 'trial' } as const;
    const step = toyStep([answered(0, 2), answered(1, 3), trial]);
    const evaluation = toyStep([answered(0, 1)], { kind: 'test', milliseconds: 70 });
    const underWay = toyStep([openShare(0, 0, 1)], { isDone: false, milliseconds: 900 });
    expect(timelineTitle([step, evaluation, underWay])).toBe(
      'A step takes 4.0 ms; rank 1 was last, and the others waited 1.0 ms for it.',
    );
  });

  test('does not name the worker of a late copy that did not count', () => {
    const late = toyShare(2, 8, 12, { deadlineAtMs: 2, answeredAtMs: 90 });
    const copy = toyShare(0, 8, 12, { startMs: 2, answeredAtMs: 3.5 });
    const step = toyStep([late, answered(1, 3), copy], {
      work: [
        { rank: 1, lo: 1, hi: 2 },
        { rank: 0, lo: 8, hi: 12 },
      ],
    });
    expect(timelineTitle([step])).toBe(
      'A step takes 4.0 ms; rank 0 was last, and the others waited 0.50 ms for it.',
    );
  });

  test('says for whom the only step waits', () => {
    const share = (rank: number) => openShare(rank, rank, rank + 1);
    const underWay = { isDone: false, milliseconds: 29_500 };
    expect(timelineTitle([toyStep([share(3), answered(1, 2), share(0)], underWay)])).toBe(
      'So far, step 7 has taken 30 s and waits for rank 0, rank 3.',
    );
    const many = Array.from({ length: 64 }, (_, rank) => share(rank));
    expect(timelineTitle([toyStep(many, underWay)])).toContain('waits for 64 workers.');
    expect(timelineTitle([toyStep([], underWay)])).toBe('So far, step 7 has taken 30 s.');
  });

  test('fits one worker, one process, and no step', () => {
    expect(timelineTitle([toyStep([answered(0, 2)])])).toBe('A step takes 4.0 ms.');
    expect(timelineTitle([toyStep([])])).toBe('A step takes 4.0 ms, in one process.');
    expect(timelineTitle([])).toBe('No step is done yet.');
  });

  test('of a disturbed step says why a share was computed again', () => {
    const again = (share: StepDetail['shares'][number]) =>
      disturbanceTitle([toyStep([share, toyShare(0, 8, 12, { startMs: 3 })])]);
    expect(again(openShare(2, 8, 16, { lostAtMs: 2 }))).toBe(
      'In step 7, rank 2 was lost; rank 0 computed micro-batches 8-11 again.',
    );
    expect(again(openShare(2, 8, 16, { deadlineAtMs: 2 }))).toContain('rank 2 was late;');
    expect(again(toyShare(2, 8, 16))).toContain('rank 2 had computed it, but a sum was wrong;');
    expect(disturbanceTitle([toyStep([answered(0, 2)])])).toBeUndefined();
    const lost = openShare(2, 8, 16, { lostAtMs: 2 });
    const lateCopy = openShare(1, 8, 12, { startMs: 2.5, deadlineAtMs: 3 });
    const inStep = 'In step 7, rank 2 was lost;';
    expect(disturbanceTitle([toyStep([lost, lateCopy])])).toBe(
      `${inStep} rank 1 was asked for micro-batches 8-11 again.`,
    );
    expect(disturbanceTitle([toyStep([lost, lateCopy, toyShare(0, 12, 16, { startMs: 3 })])])).toBe(
      `${inStep} rank 0 computed micro-batches 12-15 again.`,
    );
  });
});

describe('the story of a bar', () => {
  /** The stories of all bars of one kind. */
  const storiesOf = (kind: string, step: StepDetail) =>
    sceneOf([step], [])
      .bars.filter((bar) => bar.kind === kind)
      .map(barStory);

  test('says what a worker did, with numbers', () => {
    const step = toyStep([toyShare(2, 8, 12)], { step: 8120 });
    expect(storiesOf('receive', step)).toEqual([
      'Rank 2 received the parameters for step 8,120 in 0.25 ms.',
    ]);
    expect(storiesOf('compute', step)).toEqual([
      'Rank 2 computed micro-batches 8-11 of step 8,120 in 2.0 ms, ' +
        'beginning 0.25 ms after it was asked.',
    ]);
    expect(storiesOf('send', step)).toEqual([
      'Rank 2 sent the sums of micro-batches 8-11 of step 8,120 in 0.13 ms.',
    ]);
    expect(storiesOf('wait', step)).toEqual([
      'Rank 2 waited 1.0 ms: it had answered, and step 8,120 went on.',
    ]);
  });

  test('says what the coordinator did', () => {
    const step = toyStep([toyShare(0, 0, 16)]);
    const stories = ['handout', 'add', 'update'].flatMap((kind) => storiesOf(kind, step));
    expect(stories).toEqual([
      'The coordinator handed out the shares of step 7 in 0.25 ms.',
      'The coordinator added sums of step 7 in 0.13 ms.',
      'The coordinator updated the parameters by the gradient of step 7 in 0.50 ms.',
    ]);
    expect(storiesOf('compute', toyStep([]))).toEqual([
      'The coordinator computed step 7 itself in 3.5 ms.',
    ]);
  });

  test('speaks of parts of a set that is evaluated', () => {
    const [story] = storiesOf('compute', toyStep([toyShare(1, 3, 4)], { kind: 'validation' }));
    expect(story).toContain('Rank 1 computed part 3 of the validation set after step 7 in');
  });

  test('says what became of a share without answer', () => {
    const told = (changes: object, step: Partial<StepDetail> = {}) => {
      const kind = 'lostAtMs' in changes || 'deadlineAtMs' in changes ? 'missed' : 'asked';
      return storiesOf(kind, toyStep([openShare(1, 0, 8, changes)], step))[0];
    };
    const asked = 'Rank 1 was asked for micro-batches 0-7 of step 7';
    expect(told({ lostAtMs: 2 })).toBe(`${asked} and was lost after 1.5 ms.`);
    expect(told({ deadlineAtMs: 2 })).toBe(
      `${asked} and had not answered at its deadline, after 1.5 ms.`,
    );
    expect(told({}, { isDone: false })).toBe(`${asked} and had not answered after 3.5 ms.`);
    expect(told({ answeredAtMs: 3 })).toBe(`${asked} and answered after 2.5 ms.`);
  });

  test('says why a share was computed a second time, and which copy counted', () => {
    const shares = [
      openShare(1, 0, 8, { lostAtMs: 1 }),
      toyShare(0, 0, 8, { startMs: 1, compute: [1, 2] }),
      toyShare(2, 0, 4, { purpose: 'trial' }),
      toyShare(3, 0, 8, { purpose: 'audit' }),
    ];
    const step = toyStep(shares, { work: [{ rank: 0, lo: 0, hi: 8 }] });
    expect(storiesOf('again', step)[0]).toMatch(
      / Rank 1 was lost before\. Its copy was the first and counted\.$/,
    );
    expect(storiesOf('trial', step)[0]).toMatch(
      / It is new, so others computed the same\. Another copy counted\.$/,
    );
    expect(storiesOf('audit', step)[0]).toContain(' This checks the sum of another worker.');
  });

  test('says that an answer was late', () => {
    const [story] = storiesOf('compute', toyStep([toyShare(0, 0, 8, { deadlineAtMs: 2 })]));
    expect(story).toMatch(/ It was late\.$/);
  });
});
