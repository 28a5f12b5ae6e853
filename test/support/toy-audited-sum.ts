import { expect } from 'vitest';
import {
  AuditedSum,
  type AuditedSumOptions,
  type Author,
} from '../../coordinator/reduction/audited-sum.ts';
import { createCounters } from '../../coordinator/reporting/pool-events.ts';
import { type LeafRange, splitPoint } from '../../shared/reduction-tree.ts';
import { createDraws } from './simulation/draws.ts';
import { naiveEngine } from './toy-run.ts';

export const LEAF_COUNT = 8;
export const LENGTH = 3;
const { addInto, isAllBounded } = naiveEngine.kernels;

/** Makes a correct sum wrong, in place. */
export type Spoil = (vector: Float32Array) => void;

export const flipBit = (index: number) => (vector: Float32Array) => {
  new Uint32Array(vector.buffer)[index] ^= 1;
};

/** Begins a sum of 8 leaves. `lent` has the vectors that were lent and not yet released. */
export function beginAuditedSum(overrides: Partial<AuditedSumOptions<Author>> = {}) {
  const leaves = Array.from({ length: LEAF_COUNT }, (_, leaf) => createDraws(leaf).floats(LENGTH));
  const lent = new Set<Float32Array>();
  const counters = createCounters();
  const lend = (values: Float32Array) => {
    lent.add(values);
    return values;
  };
  /** Takes a vector back, only once, and overwrites it as its next user would. */
  const release = (vector: Float32Array) => {
    expect(lent.delete(vector)).toBe(true);
    vector.fill(NaN);
  };
  const scratch = new Float32Array(LENGTH);
  const authors = new Map<string, Author>();
  const authorOf = (label: string): Author => {
    const author = authors.get(label) ?? { label, origin: label };
    authors.set(label, author);
    return author;
  };
  const checked: string[] = [];
  const sum = new AuditedSum<Author>({
    leafCount: LEAF_COUNT,
    addHalves: (_node, half, otherHalf) => addInto(half, otherHalf),
    buffers: { acquire: (length) => lend(new Float32Array(length).fill(NaN)), release },
    checkOf: () => 'none',
    onChecked: ({ label }) => checked.push(label),
    isPlausible: ({ vector }) => isAllBounded(vector),
    recompute(node) {
      scratch.set(trueSum(leaves, node));
      return scratch;
    },
    describeDifference: (trueSum, wrongSum) => `${wrongSum} instead of ${trueSum}`,
    isAllBounded,
    stream: undefined,
    counters,
    ...overrides,
  });
  /** Lends a vector with the correct sum of a node. */
  const lendSum = (node: LeafRange) => lend(trueSum(leaves, node));
  /** Offers such a vector after `spoil` has changed it. Returns the names of the wrong authors. */
  const give = (label: string, lo: number, hi: number, spoil?: Spoil) => {
    const vector = lendSum({ lo, hi });
    spoil?.(vector);
    const wrong = sum.offer({ author: authorOf(label), node: { lo, hi }, vector });
    return wrong.map(({ author }) => author.label);
  };
  const held = () => sum.held.map(({ author, node }) => `${author.label} ${node.lo}-${node.hi}`);
  const uses = () =>
    sum.contributions.map(({ worker, node: { lo, hi }, use }) => `${worker} ${lo}-${hi} ${use}`);
  const expected = trueSum(leaves, { lo: 0, hi: LEAF_COUNT });
  return {
    sum,
    give,
    authorOf,
    checked,
    lendSum,
    release,
    held,
    uses,
    lent,
    counters,
    leaves,
    expected,
  };
}

/** The sum of a node by its definition: the left half's sum plus the right half's sum. */
function trueSum(leaves: readonly Float32Array[], { lo, hi }: LeafRange): Float32Array {
  if (hi - lo === 1) return leaves[lo].slice();
  const middle = splitPoint({ lo, hi });
  const sum = trueSum(leaves, { lo, hi: middle });
  addInto(sum, trueSum(leaves, { lo: middle, hi }));
  return sum;
}
