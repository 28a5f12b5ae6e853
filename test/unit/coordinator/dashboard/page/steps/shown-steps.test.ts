import { describe, expect, test } from 'vitest';
import {
  createShownSteps,
  treeStepOf,
} from '../../../../../../coordinator/dashboard/page/steps/shown-steps.ts';
import type { StepDetail } from '../../../../../../coordinator/dashboard/steps/step-detail.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

const step = (number: number, changes: Partial<StepDetail> = {}) =>
  toyStep([toyShare(0, 0, 16)], { step: number, ...changes });
const nothing = { isPaused: false, showsDisturbed: false, pointed: undefined };
const cursor = { source: 'a', step: 0, epoch: 0, revision: 0 };

/** How to ask for the numbers of the shown steps. */
function startShowing() {
  const shown = createShownSteps();
  return (details: StepDetail[], time: number, choices = {}, view = {}) =>
    shown({ cursor, details, disturbed: [], time, ...view }, { ...nothing, ...choices }).map(
      (detail) => detail.step,
    );
}

describe('the steps that are shown', () => {
  test('are the newest; fast ones stay for a second, so that people can read them', () => {
    const show = startShowing();
    expect(show([step(1)], 0)).toEqual([1]);
    expect(show([step(2)], 250)).toEqual([1]);
    expect(show([step(3)], 1000)).toEqual([3]);
    expect(show([step(4, { milliseconds: 900 })], 1250)).toEqual([4]);
  });

  test('stay while the user has paused them, or points at one', () => {
    const show = startShowing();
    expect(show([step(1)], 0)).toEqual([1]);
    expect(show([step(2)], 5000, { isPaused: true })).toEqual([1]);
    expect(show([step(3)], 9000, { pointed: { panel: 'tree', key: '' } })).toEqual([1]);
    expect(show([step(4)], 9250)).toEqual([4]);
  });

  test('are those of another run at once, even if the user has paused', () => {
    const show = startShowing();
    expect(show([step(1)], 0)).toEqual([1]);
    const other = { cursor: { ...cursor, source: 'b' } };
    expect(show([step(9)], 10, { isPaused: true }, other)).toEqual([9]);
  });

  test('are the disturbed ones if the user asks for them, and stay', () => {
    const show = startShowing();
    const choices = { showsDisturbed: true };
    expect(show([step(1)], 0, choices)).toEqual([1]);
    expect(show([step(2)], 9000, choices, { disturbed: [step(5), step(6)] })).toEqual([5, 6]);
    expect(show([step(3)], 20_000, choices, { disturbed: [step(8)] })).toEqual([5, 6]);
    expect(show([step(4)], 20_001)).toEqual([4]);
  });

  test('are without the fast step under way, but with a slow one', () => {
    const underWay = { isDone: false, milliseconds: 1 };
    expect(startShowing()([step(1), step(2, underWay)], 0)).toEqual([1]);
    expect(startShowing()([step(1, { milliseconds: 800 }), step(2, underWay)], 0)).toEqual([1, 2]);
    const stuck = { isDone: false, milliseconds: 600 };
    expect(startShowing()([step(1), step(2, stuck)], 0)).toEqual([1, 2]);
    expect(startShowing()([step(0, underWay)], 0)).toEqual([0]);
    expect(startShowing()([], 0)).toEqual([]);
  });
});

describe('the step whose tree is shown', () => {
  const again = step(6, {
    shares: [openShare(0, 0, 16, { lostAtMs: 1 }), toyShare(1, 0, 16, { startMs: 2 })],
  });

  test('is the newest one, and no evaluation', () => {
    expect(treeStepOf([step(5), again, step(7), step(8, { kind: 'test' })], false)?.step).toBe(7);
    expect(treeStepOf([], false)).toBeUndefined();
  });

  test('is the one in which a share was computed again, if the user asks for it', () => {
    expect(treeStepOf([step(5), again, step(7)], true)?.step).toBe(6);
  });
});
