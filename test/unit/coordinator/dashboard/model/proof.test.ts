import { describe, expect, test } from 'vitest';
import {
  describeComparison,
  describePlace,
  lastEqual,
  summarizeVerification,
} from '../../../../../coordinator/dashboard/model/proof.ts';

describe('the last equal step', () => {
  test('is found for every place of the first difference, with few questions', async () => {
    for (let different = 3; different <= 40; different++) {
      let questions = 0;
      const found = await lastEqual(5, 39, async (step) => {
        expect(step).toBeGreaterThanOrEqual(5);
        expect(step).toBeLessThanOrEqual(39);
        questions++;
        return step < different;
      });
      expect(found).toBe(different <= 5 ? null : different - 1);
      expect(questions).toBeLessThanOrEqual(7);
    }
  });
});

const comparison = {
  compared: [1, 900] as const,
  equalTo: 900,
  ...{ mine: 900, other: 900, mySha256: null, otherSha256: null, differences: null },
};

test.for([
  [{}, 'This run and b had the same parameters, to the last bit, after every step up to 900.'],
  [
    { mine: 1000 },
    'This run and b had the same parameters, to the last bit, after every step up to 900. ' +
      'This run went on after that.',
  ],
  [{ other: 901 }, expect.stringMatching(/ b went on after that\.$/)],
  [{ equalTo: 812 }, 'This run and b were equal up to step 812, and different after step 813.'],
  [{ equalTo: null }, 'This run and b had different parameters from the first step on.'],
  [
    { equalTo: null, compared: [501, 900] as const },
    'This run and b had different parameters after step 501, the first one that both have.',
  ],
  [{ compared: null }, 'This run and b have no step in common.'],
])('two runs compare as %j', ([change, sentence]) => {
  expect(describeComparison({ ...comparison, ...(change as object) }, 'b')).toEqual(sentence);
});

test('a comparison of runs that differ says why, as far as the configurations tell', () => {
  const sentenceOf = (differences: readonly string[], equalTo: number | null = 812) =>
    describeComparison({ ...comparison, equalTo, differences }, 'b');
  const steps = 'This run and b were equal up to step 812, and different after step 813.';
  expect(sentenceOf([])).toBe(`${steps} Their configurations are the same.`);
  expect(sentenceOf(['seed (1 and 2)', 'model'])).toBe(
    `${steps} Their configurations differ: seed (1 and 2), model.`,
  );
  expect(sentenceOf(['a', 'b', 'c', 'd', 'e', 'f'])).toMatch(/: a, b, c, d, and 2 more\.$/);
  expect(sentenceOf(['seed (1 and 2)'], null)).toMatch(/first step on\. Their config.*: seed \(/);
  expect(sentenceOf(['seed (1 and 2)'], 900)).not.toContain('configurations');
});

test('a hash is where the run has it', () => {
  expect(describePlace({ kind: 'chain', step: 1200 })).toMatch(
    /^Equal: .* after step 1,200\. Both/,
  );
  expect(describePlace({ kind: 'fingerprint', step: 7 })).toMatch(/^Equal: .* after step 7\.$/);
  expect(describePlace({ kind: 'parameters', step: 7 })).toMatch(/^Equal: .* model\.$/);
  expect(describePlace(null)).toMatch(/^Different: /);
});

describe('a verification', () => {
  const passed = {
    ...{ isPassed: true, message: null, steps: 5160, firstStep: 0 },
    ...{ recomputedSteps: 100, chain: 'c' },
  };
  const now = { step: 5160, chain: 'c' };

  test('that passed says how much was computed again', () => {
    expect(summarizeVerification(passed, now, 'noon')).toEqual({
      ...{ isPassed: true, isFailed: false },
      sentence:
        'Verified on noon: 100 of 5,160 steps were computed again on one process, to the same ' +
        'bits.',
    });
  });

  test.for([
    [{ step: 5161, chain: 'd' }],
    [{ step: 5160, chain: 'd' }],
    [{ step: 430, chain: 'b' }],
    [{ step: 5160, chain: null }],
  ])('is not about a run that is now %j', ([status]) => {
    expect(summarizeVerification(passed, status, 'noon')).toEqual({
      ...{ isPassed: false, isFailed: false },
      sentence: expect.stringMatching(/gone on since, or began again\.$/),
    });
  });

  test('counts from the first step that has a record', () => {
    const found = { ...passed, firstStep: 60, steps: 5100 };
    expect(summarizeVerification(found, now, 'noon').isPassed).toBe(true);
  });

  test('that failed says why, also if no record could be read', () => {
    const failed = { ...passed, isPassed: false, message: 'step 3: no.' };
    expect(summarizeVerification(failed, now, 'noon')).toEqual({
      ...{ isPassed: false, isFailed: true },
      sentence: 'The verification on noon failed: step 3: no.',
    });
    const unreadable = { ...failed, chain: null, steps: 0 };
    expect(summarizeVerification(unreadable, now, 'noon').isFailed).toBe(true);
  });

  test('that nobody has made is none', () => {
    expect(summarizeVerification(undefined, now, '')).toEqual({
      ...{ isPassed: false, isFailed: false },
      sentence: expect.stringMatching(/^Nobody has computed/),
    });
  });
});
