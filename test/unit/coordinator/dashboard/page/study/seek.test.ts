import { expect, test } from 'vitest';
import { goOnSeeking, seekWrong } from '../../../../../../coordinator/dashboard/page/study/seek.ts';
import { keyOf, toyPageStudy } from '../../../../../support/toy-page-study.ts';

const SET = keyOf('set', { set: 'test' });
const found = (step: number, predictions: number[]) => ({
  step,
  value: { labels: Uint8Array.of(0, 1, 2), predictions: Uint8Array.from(predictions) },
});

test('the next wrong example is chosen once it is known, with a net that holds still', () => {
  const study = toyPageStudy({});
  goOnSeeking(study);
  expect(study.wanted).toEqual([]);
  seekWrong(study);
  expect(study.held).toBe(1);
  goOnSeeking(study);
  expect(study.wanted).toEqual([SET]);
  expect(study.chosen).toMatchObject({ isSeeking: true, index: 0 });
  // A result of older parameters may be wrong by now.
  study.results.set(SET, found(4, [0, 0, 2]));
  goOnSeeking(study);
  expect(study.chosen.isSeeking).toBe(true);
  study.results.set(SET, found(5, [0, 1, 1]));
  goOnSeeking(study);
  expect(study.chosen).toMatchObject({ isSeeking: false, index: 2 });
});

test('if every example is right, the same one stays', () => {
  const study = toyPageStudy({});
  study.results.set(SET, found(5, [0, 1, 2]));
  seekWrong(study);
  goOnSeeking(study);
  expect(study.chosen).toMatchObject({ isSeeking: false, index: 0 });
});
