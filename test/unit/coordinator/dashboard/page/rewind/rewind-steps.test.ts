import { expect, test } from 'vitest';
import { applyUpdate, emptyView } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  describeShown,
  firstStepOf,
  stepAfter,
} from '../../../../../../coordinator/dashboard/page/rewind/rewind-steps.ts';
import { RecordedHistory } from '../../../../../support/recorded-history.ts';

const range = { first: 100, last: 300 };

test('a run plays from its first step to its last one, and then ends', () => {
  expect(stepAfter(100, range, 0.25)).toBe(150);
  expect(stepAfter(299, range, 0.001)).toBeCloseTo(299.2);
  expect(stepAfter(299, range, 0.005)).toBeNull();
  expect(stepAfter(0, range, 0.1)).toBe(120);
  expect(stepAfter(300, range, 0)).toBeNull();
});

test('the steps of a run begin where its records begin', () => {
  const run = new RecordedHistory({ firstStep: 40 });
  run.train(20);
  const view = applyUpdate(emptyView(), { ...run.recorder.updateAfter(undefined), time: 1 });
  expect(firstStepOf(view)).toBe(40);
  expect(describeShown(view, 1234)).toMatch(/^step 60 of 1,234, \d\d:\d\d:\d\d$/);
  expect(firstStepOf(emptyView())).toBe(0);
  expect(describeShown(emptyView(), 0)).toBe('step 0 of 0');
});
