import { describe, expect, test } from 'vitest';
import type { RootStream } from '../../../../coordinator/reduction/audited-sum.ts';
import { type LeafRange, maximalSubtrees } from '../../../../shared/reduction-tree.ts';
import { createDraws, type Draws } from '../../../support/simulation/draws.ts';
import { beginAuditedSum, LEAF_COUNT, LENGTH } from '../../../support/toy-audited-sum.ts';

/** A stream that writes down what it is told, and the values so far. */
function createStream() {
  const calls: string[] = [];
  const values: number[] = [];
  const stream: RootStream = {
    take({ root, from, to }) {
      calls.push(`${from}-${to}`);
      values.splice(from, Number.POSITIVE_INFINITY, ...root.subarray(from, to));
    },
    rollBack: () => calls.push('back'),
  };
  return { calls, values, stream };
}

function beginStreamed() {
  const streamed = createStream();
  const begun = beginAuditedSum({ stream: streamed.stream });
  /** Only the first `length` values of a right sum arrive. */
  const arrive = (node: LeafRange, length: number) => {
    const vector = begun.lendSum(node);
    begun.sum.extend({ node, vector, length });
    return vector;
  };
  const finish = (label: string, node: LeafRange, vector: Float32Array) =>
    begun.sum
      .offer({ author: begun.authorOf(label), node, vector })
      .map((wrong) => wrong.author.label);
  return { ...begun, ...streamed, arrive, finish };
}

const left = { lo: 0, hi: 4 };
const right = { lo: 4, hi: 8 };

describe('a streamed sum', () => {
  test('passes on the values that are known of every leaf, each once', () => {
    const { sum, give, arrive, finish, calls, values, lent, expected } = beginStreamed();
    const vector = arrive(left, 1);
    expect(calls).toEqual([]);
    give('b', 4, 8);
    expect(calls).toEqual(['0-1']);
    sum.extend({ node: left, vector, length: 2 });
    expect(calls).toEqual(['0-1', '1-2']);
    expect(sum.root()).toBeUndefined();
    finish('a', left, vector);
    expect(calls).toEqual(['0-1', '1-2', '2-3']);
    expect(values).toEqual([...expected]);
    expect(sum.root()).toEqual(expected);
    expect([...lent]).toEqual([sum.root()]);
  });

  test('goes on after a sum stopped half way and another author began it again', () => {
    const { sum, give, arrive, release, calls, values, expected } = beginStreamed();
    const lost = arrive(left, 2);
    give('b', 4, 8);
    sum.discard(lost);
    release(lost);
    give('c', 0, 4);
    expect(calls).toEqual(['0-2', '2-3']);
    expect(values).toEqual([...expected]);
  });

  test('takes nothing from a sum that stopped half way', () => {
    const { sum, give, arrive, release, calls } = beginStreamed();
    const lost = arrive(left, 2);
    sum.discard(lost);
    release(lost);
    give('b', 4, 8);
    expect(calls).toEqual([]);
    expect(sum.missing()).toEqual([left]);
  });

  test('is rolled back once by a sum that is not finite, and then waits for whole sums', () => {
    const { sum, give, arrive, finish, calls, lent, expected } = beginStreamed();
    const vector = arrive(left, 1);
    give('b', 4, 8);
    vector[2] = NaN;
    expect(finish('a', left, vector)).toEqual(['a']);
    arrive(right, 2);
    expect(calls).toEqual(['0-1', 'back']);
    expect(sum.root()).toEqual(expected);
    expect(lent.size).toBe(2);
  });

  test('is rolled back by new values that are not finite, before anybody gets them', () => {
    const { sum, arrive, finish, calls, leaves } = beginStreamed();
    leaves[0][1] = NaN;
    const vectors = [arrive(left, 1), arrive(right, 1)];
    sum.extend({ node: right, vector: vectors[1], length: 2 });
    sum.extend({ node: left, vector: vectors[0], length: 2 });
    expect(calls).toEqual(['0-1', 'back']);
    finish('a', left, vectors[0]);
    finish('b', right, vectors[1]);
    expect(sum.root()?.[1]).toBe(NaN);
    expect(calls).toEqual(['0-1', 'back']);
  });
});

test('a cleared sum gives back what it holds or added up, but nothing that arrives', () => {
  const selections = [true, false];
  const { sum, give, lent } = beginAuditedSum({
    checkOf: () => (selections.shift() ? 'other' : 'none'),
  });
  give('a', 0, 2);
  give('b', 2, 4);
  expect(lent.size).toBe(2);
  sum.clear();
  expect(lent.size).toBe(0);
  expect(sum.missing()).toEqual([{ lo: 0, hi: LEAF_COUNT }]);

  const streamed = beginStreamed();
  const vector = streamed.arrive(left, 1);
  streamed.give('b', 4, 8);
  streamed.sum.clear();
  expect([...streamed.lent]).toEqual([vector]);
});

describe('any history', () => {
  /** Two honest authors and a liar sum what is missing, and check what is held. */
  function runHistory(draws: Draws) {
    const begun = beginAuditedSum({ checkOf: () => 'other' });
    const { sum, give, lent } = begun;
    const convicted: string[] = [];
    let givenCount = 0;
    while (!sum.root()) {
      const open = [...sum.held.map(({ node }) => node), ...sum.missing()];
      const [node] = maximalSubtrees(LEAF_COUNT, draws.pick(open));
      const identity = draws.pick(['a', 'b', 'liar']);
      const isLie = identity === 'liar' && draws.chance(0.5);
      const lie = (vector: Float32Array) => {
        vector[draws.integer(0, LENGTH - 1)] += 1 + draws.fraction();
      };
      convicted.push(...give(identity, node.lo, node.hi, isLie ? lie : undefined));
      givenCount++;
      expect(lent.size).toBeLessThanOrEqual(LEAF_COUNT);
    }
    return { ...begun, convicted, givenCount };
  }

  test('of checked sums ends at the true root, and accounts for every vector', () => {
    const draws = createDraws(5);
    let convictionCount = 0;
    for (let trial = 0; trial < 100; trial++) {
      const { sum, lent, counters, convicted, givenCount, expected } = runHistory(draws);
      convictionCount += convicted.length;
      expect(sum.root()).toEqual(expected);
      expect([...lent]).toEqual([sum.root()]);
      expect(convicted.every((identity) => identity === 'liar')).toBe(true);
      expect(counters.wrongSums).toBe(convicted.length);
      expect(sum.contributions.filter(({ worker }) => worker !== null)).toHaveLength(givenCount);
      const summed = sum.contributions.filter(({ use }) => use === 'summed');
      const sizes = summed.map(({ node: { lo, hi } }) => hi - lo);
      expect(sizes.reduce((a, b) => a + b)).toBe(LEAF_COUNT);
    }
    expect(convictionCount).toBeGreaterThan(20);
  });
});
