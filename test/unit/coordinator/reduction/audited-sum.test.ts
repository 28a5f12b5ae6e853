import { describe, expect, test } from 'vitest';
import type { Check } from '../../../../coordinator/reduction/audited-sum.ts';
import { createCounters } from '../../../../coordinator/reporting/pool-events.ts';
import { beginAuditedSum, flipBit, LENGTH, type Spoil } from '../../../support/toy-audited-sum.ts';

const everySum = { checkOf: (): Check => 'other' };
const breakLast: Spoil = (vector) => {
  vector[LENGTH - 1] = NaN;
};

describe('a sum that is not selected', () => {
  test('enters the reduction at once', () => {
    const { sum, give, uses, held, lent, expected, counters } = beginAuditedSum();
    expect(give('a', 4, 8)).toEqual([]);
    expect(sum.missing()).toEqual([{ lo: 0, hi: 4 }]);
    expect(sum.root()).toBeUndefined();
    give('b', 0, 4);
    expect(sum.root()).toEqual(expected);
    expect(held()).toEqual([]);
    expect(uses()).toEqual(['a 4-8 summed', 'b 0-4 summed']);
    expect([...lent]).toEqual([sum.root()]);
    expect(counters).toEqual(createCounters());
  });

  test('replaces known parts of itself, and is a counted copy if it is known', () => {
    const { give, uses, lent, counters } = beginAuditedSum();
    give('a', 0, 1);
    give('b', 0, 4);
    give('c', 0, 2);
    give('b', 0, 4);
    expect(uses()).toEqual(['a 0-1 copy', 'b 0-4 summed', 'c 0-2 copy', 'b 0-4 copy']);
    expect(counters.duplicateAnswers).toBe(2);
    expect(lent.size).toBe(1);
  });

  test('convicts its author if it is not finite but the true sum is', () => {
    const { sum, give, uses, counters, expected } = beginAuditedSum();
    expect(give('a', 0, 8, breakLast)).toEqual(['a']);
    expect(sum.root()).toEqual(expected);
    expect(uses()).toEqual(['a 0-8 discarded', 'null 0-8 summed']);
    expect(counters).toMatchObject({ auditedSums: 0, wrongSums: 1 });
  });

  test('counts if it is not finite because training diverges', () => {
    const { sum, give, uses, leaves } = beginAuditedSum();
    leaves[5].fill(Infinity);
    expect(give('a', 0, 8)).toEqual([]);
    expect(sum.root()?.[0]).toBe(Infinity);
    expect(uses()).toEqual(['a 0-8 summed']);
  });
});

describe('a selected sum', () => {
  test('is held: its leaves are not missing, and the root waits', () => {
    const { sum, give, uses, held, lent } = beginAuditedSum(everySum);
    expect(give('a', 0, 8)).toEqual([]);
    expect(held()).toEqual(['a 0-8']);
    expect(sum.missing()).toEqual([]);
    expect(sum.root()).toBeUndefined();
    expect(uses()).toEqual([]);
    expect(lent.size).toBe(1);
  });

  test('counts once a second author gives the same bits', () => {
    const { sum, give, uses, held, lent, counters, expected } = beginAuditedSum(everySum);
    give('a', 0, 8);
    expect(give('b', 0, 8)).toEqual([]);
    expect(sum.root()).toEqual(expected);
    expect(held()).toEqual([]);
    expect(uses()).toEqual(['b 0-8 copy', 'a 0-8 summed']);
    expect([...lent]).toEqual([sum.root()]);
    expect(counters).toMatchObject({ auditedSums: 1, passedAudits: 1, wrongSums: 0 });
    expect(counters.duplicateAnswers).toBe(0);
  });

  test('is not confirmed by its own author, nor by a part of it', () => {
    const { give, uses, held, counters } = beginAuditedSum(everySum);
    give('a', 0, 4);
    give('a', 0, 4);
    give('b', 0, 2);
    expect(held()).toEqual(['a 0-4']);
    expect(uses()).toEqual(['a 0-4 copy', 'b 0-2 copy']);
    expect(counters).toMatchObject({ auditedSums: 0, duplicateAnswers: 2 });
  });

  test('becomes a copy when a larger sum over its leaves is confirmed', () => {
    const { give, uses, held, lent } = beginAuditedSum(everySum);
    give('a', 0, 2);
    give('b', 0, 4);
    give('c', 0, 4);
    expect(held()).toEqual([]);
    expect(uses()).toEqual(['c 0-4 copy', 'b 0-4 summed', 'a 0-2 copy']);
    expect(lent.size).toBe(1);
  });

  test('becomes a copy when the sums of its halves are confirmed', () => {
    const { give, uses, held, lent, sum, expected } = beginAuditedSum(everySum);
    give('a', 0, 4);
    give('b', 4, 8);
    give('c', 0, 8);
    give('b', 0, 4);
    give('a', 4, 8);
    expect(sum.root()).toEqual(expected);
    expect(held()).toEqual([]);
    expect(uses()).toContain('c 0-8 copy');
    expect(lent.size).toBe(1);
  });

  test('that is known already becomes a copy, and loses no vector', () => {
    const { give, held, lent } = beginAuditedSum(everySum);
    give('a', 0, 1);
    give('b', 1, 2);
    give('c', 0, 2);
    give('b', 0, 1);
    give('a', 1, 2);
    give('d', 0, 2);
    expect(held()).toEqual([]);
    expect(lent.size).toBe(1);
  });

  test.for<[string, Spoil | undefined, Spoil | undefined, string[], string[]]>([
    ['the first author', flipBit(0), undefined, ['a'], ['a 0-8 discarded', 'b 0-8 summed']],
    ['the second author', undefined, flipBit(0), ['b'], ['b 0-8 discarded', 'a 0-8 summed']],
    [
      'both authors',
      flipBit(0),
      flipBit(1),
      ['a', 'b'],
      ['b 0-8 discarded', 'a 0-8 discarded', 'null 0-8 summed'],
    ],
  ])('convicts %s, whose bits are not the true ones', ([, first, second, authors, then]) => {
    const { sum, give, uses, lent, counters, expected } = beginAuditedSum(everySum);
    give('a', 0, 8, first);
    expect(give('b', 0, 8, second)).toEqual(authors);
    expect(uses()).toEqual(then);
    expect(sum.root()).toEqual(expected);
    expect([...lent]).toEqual([sum.root()]);
    const passedAudits = authors.length === 0 ? 1 : 0;
    expect(counters).toMatchObject({ auditedSums: 1, passedAudits, wrongSums: authors.length });
  });

  test('is wrong even where only the sign of a zero differs', () => {
    const { give, leaves } = beginAuditedSum(everySum);
    leaves[3].fill(0);
    give('a', 3, 4, (vector) => vector.fill(-0));
    expect(give('b', 3, 4)).toEqual(['a']);
  });

  test('convicts nobody where training diverges: such bits say nothing', () => {
    const { give, uses, leaves, counters, lent } = beginAuditedSum(everySum);
    leaves[0].fill(NaN);
    give('a', 0, 8);
    expect(give('b', 0, 8, (vector) => vector.fill(Infinity))).toEqual([]);
    expect(uses()).toEqual(['a 0-8 summed', 'b 0-8 copy']);
    expect(lent.size).toBe(1);
    expect(counters).toMatchObject({ wrongSums: 0 });
  });

  test.for<[string, Spoil | undefined, string[], string[]]>([
    ['counts', undefined, [], ['a 0-8 summed']],
    ['convicts its author', flipBit(2), ['a'], ['a 0-8 discarded', 'null 0-8 summed']],
  ])('%s when the coordinator alone computes it again', ([, spoil, authors, then]) => {
    const { sum, give, uses, held, lent, counters, expected } = beginAuditedSum(everySum);
    give('a', 0, 8, spoil);
    const wrong = sum.resolveAlone(sum.held[0]);
    expect(wrong.map(({ author }) => author.label)).toEqual(authors);
    expect([held(), uses()]).toEqual([[], then]);
    expect(sum.root()).toEqual(expected);
    expect([...lent]).toEqual([sum.root()]);
    const passedAudits = authors.length === 0 ? 1 : 0;
    expect(counters).toMatchObject({ auditedSums: 1, passedAudits, wrongSums: authors.length });
  });
});

describe('a check', () => {
  test('is made by no author of the same origin', () => {
    const { sum, give, lendSum, authorOf, held } = beginAuditedSum(everySum);
    give('a', 0, 8);
    const node = { lo: 0, hi: 8 };
    const twin = { label: 'twin', origin: authorOf('a').origin };
    expect(sum.offer({ author: twin, node, vector: lendSum(node) })).toEqual([]);
    expect(held()).toEqual(['a 0-8']);
    expect(sum.root()).toBeUndefined();
    give('b', 0, 8);
    expect(sum.root()).toBeDefined();
  });

  test('by the coordinator is made as soon as the sum is there', () => {
    const { sum, give, held, checked, expected } = beginAuditedSum({ checkOf: () => 'here' });
    expect(give('a', 0, 4)).toEqual([]);
    expect(give('liar', 4, 8, flipBit(0))).toEqual(['liar']);
    expect(held()).toEqual([]);
    expect(checked).toEqual(['a']);
    expect(sum.root()).toEqual(expected);
  });

  test('that is passed counts for both authors', () => {
    const { give, checked } = beginAuditedSum(everySum);
    give('a', 0, 8);
    give('b', 0, 8);
    expect(checked).toEqual(['a', 'b']);
  });

  test('is asked for each author', () => {
    const { give, held } = beginAuditedSum({
      checkOf: ({ label }) => (label === 'new' ? 'other' : 'none'),
    });
    give('old', 0, 4);
    give('new', 4, 8);
    expect(held()).toEqual(['new 4-8']);
  });
});

test('an implausible sum is computed again, and its author is named if it was wrong', () => {
  const { sum, give, expected, checked } = beginAuditedSum({
    isPlausible: ({ vector: [first] }) => first !== 7 && first !== expectedFirst,
  });
  const expectedFirst = expected[0];
  const spoil: Spoil = (vector) => {
    vector[0] = 7;
  };
  expect(give('liar', 0, 8, spoil)).toEqual(['liar']);
  expect(sum.root()).toEqual(expected);
  const honest = beginAuditedSum({ isPlausible: () => false });
  expect(honest.give('a', 0, 8)).toEqual([]);
  expect(honest.sum.root()).toEqual(expected);
  expect([checked, honest.checked]).toEqual([[], ['a']]);
});

describe('a wrong author', () => {
  /** After the sums of `given`, which are right, the liar gives a wrong one over [6, 7). */
  function catchLiar(...given: [identity: string, lo: number, hi: number, isHeld?: 'held'][]) {
    let isSelected = false;
    const started = beginAuditedSum({ checkOf: () => (isSelected ? 'other' : 'none') });
    for (const [identity, lo, hi, isHeld] of given) {
      isSelected = isHeld !== undefined;
      started.give(identity, lo, hi);
    }
    isSelected = true;
    started.give('liar', 6, 7, flipBit(0));
    expect(started.give('judge', 6, 7)).toEqual(['liar']);
    return started;
  }

  test('makes the sum begin again if a part of it was added up', () => {
    const { sum, uses, held, lent } = catchLiar(['liar', 0, 2], ['a', 2, 4], ['b', 4, 5, 'held']);
    expect(uses()).toEqual([
      'liar 0-2 discarded',
      'a 2-4 discarded',
      'liar 6-7 discarded',
      'judge 6-7 summed',
    ]);
    expect(sum.missing()).toEqual([
      { lo: 0, hi: 4 },
      { lo: 5, hi: 6 },
      { lo: 7, hi: 8 },
    ]);
    expect(held()).toEqual(['b 4-5']);
    expect(lent.size).toBe(2);
  });

  test('loses its other held sums, and nobody else loses anything, if none was added up', () => {
    const { uses, held, lent } = catchLiar(['liar', 0, 2, 'held'], ['a', 2, 4]);
    expect(uses()).toEqual([
      'a 2-4 summed',
      'liar 0-2 discarded',
      'liar 6-7 discarded',
      'judge 6-7 summed',
    ]);
    expect(held()).toEqual([]);
    expect(lent.size).toBe(2);
  });
});
