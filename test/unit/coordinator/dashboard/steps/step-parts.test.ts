import { describe, expect, test } from 'vitest';
import {
  adviceOn,
  describeLimit,
  limitOf,
  PART_WORDS,
  wholeOf,
} from '../../../../../coordinator/dashboard/steps/step-parts.ts';
import {
  STEP_PARTS,
  type StepBreakdown,
} from '../../../../../coordinator/training/step-breakdown.ts';

const nothing: StepBreakdown = {
  ...{ compute: 0, slowest: 0, broadcast: 0, serialise: 0, wire: 0, reduce: 0, update: 0 },
  between: 0,
};

test('each part of a step has a short name of its own and one sentence', () => {
  const words = STEP_PARTS.map((part) => PART_WORDS[part]);
  expect(new Set(words.map(({ name }) => name)).size).toBe(STEP_PARTS.length);
  for (const { name, meaning } of words) {
    expect(name.split(' ').length).toBeLessThanOrEqual(4);
    expect(meaning).toMatch(/^[A-Z][^.]*\.$/);
    expect(meaning.split(' ').length).toBeLessThanOrEqual(25);
  }
});

describe('the limit of a step', () => {
  test.for<[Partial<StepBreakdown>, string, number]>([
    [{ compute: 6, wire: 4 }, 'computing', 0.6],
    [{ compute: 1 }, 'computing', 1],
    [{ compute: 5, broadcast: 1, serialise: 1, wire: 1, slowest: 2 }, 'exchanging', 0.3],
    [{ compute: 5, slowest: 3, wire: 2 }, 'waiting', 0.3],
    [{ compute: 5, reduce: 1, update: 1, between: 1, wire: 2 }, 'coordinator', 0.3],
  ])('of %j is %s, with a part of %d', ([parts, name, part]) => {
    const limit = limitOf({ ...nothing, ...parts });
    expect(limit).toEqual({ name, part: expect.closeTo(part, 12) });
    expect(describeLimit(limit)).toContain(`${Math.round(part * 100)} %`);
  });

  test('comes with something to try, unless it is computing', () => {
    expect(adviceOn('computing', 128)).toBeUndefined();
    expect(adviceOn('waiting', 128)).toMatch(/--micro-batches/);
    expect(adviceOn('exchanging', 128)).toMatch(/--global-batch than 128/);
    expect(adviceOn('coordinator', 128)).toMatch(/--global-batch than 128/);
  });
});

test('the whole is the sum of the parts', () => {
  expect(wholeOf({ ...nothing, compute: 1, wire: 2, between: 4 })).toBe(7);
});
