import { assert } from '../../shared/assert.ts';
import {
  areDisjoint,
  isInside,
  type LeafRange,
  pathTo,
  splitPoint,
} from '../../shared/reduction-tree.ts';
import type { IncompleteSum, PartialSum } from '../../shared/round/partial-sum.ts';
import type { BufferPool } from './buffer-pool.ts';

/*
 * How partial sums become the root.
 *
 * The problem. Floating-point addition is not associative, so the order of additions is part of the
 * result. Partial sums arrive in any order, some of them twice, and a worker may die in the middle
 * of a vector. The root must have the same bits in every case.
 *
 * The rule. The sum of a node is the sum of its left half plus the sum of its right half. Nothing
 * else is ever added. A node's sum is a pure function of the node, so the sender does not matter.
 *
 *                 [0, 8)
 *            ┌──────┴──────┐              known: [0, 4), [4, 6), [7, 8)
 *          [0, 4)        [4, 8)           missing: leaf 6
 *                      ┌───┴───┐
 *                    [4, 6)  [6, 8)       When [6, 7) arrives, it meets [7, 8), then [4, 6),
 *                           ┌──┴──┐       then [0, 4), and the root is known.
 *                        [6, 7) [7, 8)
 *
 * There are two ways to the root.
 *
 *   whole sums   `offer` takes a whole sum and adds siblings at once, as in the picture.
 *   prefixes     `extend` reports how much of a sum has arrived. As soon as every leaf is covered,
 *                `advance` adds the values that all of these sums already have, from the front.
 *
 *        sum of [0, 4)  ████████████████   whole
 *        sum of [4, 8)  ██████░░░░░░░░░░   incomplete: 6 of 16 values
 *        root           ██████             these 6 values are final
 *
 * A value of the root stays final even if its sender dies: whoever computes the sum again comes to
 * the same value. Only a wrong sum makes it void, and then the caller calls `restart`.
 *
 * Invariants.
 *   1. Known and incomplete sums never overlap.
 *   2. While no value of the root is known, no two siblings are both known: they were added.
 *   3. The reduction owns the vectors of known sums, and none of the vectors of incomplete sums.
 */

/** Some values of the root, which will not change anymore. */
export interface RootSlice {
  readonly root: Float32Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Adds the right half's sum into the left half's, or the left half's into the right half's, in
 * place. The result is the sum of `node`. With `from`, both arguments hold only the values from
 * that index on.
 */
export type AddHalves = (
  node: LeafRange,
  half: Float32Array,
  otherHalf: Float32Array,
  from?: number,
) => void;

/** Adds up the partial sums of one round in the order of the reduction tree. */
export class TreeReduction {
  readonly #leafCount: number;
  readonly #addHalves: AddHalves;
  readonly #buffers: BufferPool;
  /** Whole sums, by their first leaf. */
  readonly #known = new Map<number, PartialSum>();
  /** Sums that are still arriving, by their vectors. */
  readonly #incomplete = new Map<Float32Array, IncompleteSum>();
  /** The root's first values, while the root is not whole. */
  #partialRoot: { readonly vector: Float32Array; readonly length: number } | undefined;

  /** `buffers` lends vectors and gets back each vector that is no longer needed. */
  constructor(leafCount: number, addHalves: AddHalves, buffers: BufferPool) {
    this.#leafCount = leafCount;
    this.#addHalves = addHalves;
    this.#buffers = buffers;
  }

  /**
   * Takes over the vector of a whole sum. Returns false, and leaves the vector to the caller, if
   * the sum of that node is known already. The node must be a node of the tree.
   */
  offer({ node, vector }: PartialSum): boolean {
    const path = pathTo(this.#leafCount, node);
    assert(
      path !== undefined,
      `[${node.lo}, ${node.hi}) is no node of a tree of ${this.#leafCount} leaves`,
    );
    this.discard(vector);
    for (const known of [...this.#known.values()]) {
      if (isInside(node, known.node)) return false;
      if (isInside(known.node, node)) this.#release(known);
    }
    for (const incomplete of [...this.#incomplete.values()])
      if (!areDisjoint(incomplete.node, node)) this.discard(incomplete.vector);
    const sum = this.#partialRoot
      ? { node, vector }
      : this.#addSiblings({ node, vector }, path.slice(0, -1));
    this.#known.set(sum.node.lo, sum);
    return true;
  }

  /** Notes that more of a sum has arrived. The vector stays the caller's. */
  extend(sum: IncompleteSum): void {
    const isNew = !this.#incomplete.has(sum.vector);
    if (isNew && !this.#sums().every(({ node }) => areDisjoint(node, sum.node))) return;
    this.#incomplete.set(sum.vector, sum);
  }

  /** Forgets an incomplete sum: the rest of it will not arrive in this vector. */
  discard(vector: Float32Array): void {
    this.#incomplete.delete(vector);
  }

  /**
   * Adds up the values that are known of every leaf. Returns the new values of the root. Returns
   * undefined if there are none, or if the root is known already.
   */
  advance(): RootSlice | undefined {
    const sums = this.#sums();
    const coveredLeaves = sums.reduce((count, { node }) => count + node.hi - node.lo, 0);
    if (coveredLeaves < this.#leafCount || this.root()) return undefined;
    const fullLength = sums[0].vector.length;
    const from = this.#partialRoot?.length ?? 0;
    const to = Math.min(fullLength, ...Array.from(this.#incomplete.values(), (sum) => sum.length));
    if (to <= from) return undefined;
    const root = this.#partialRoot?.vector ?? this.#buffers.acquire(fullLength);
    const byFirstLeaf = new Map(sums.map((sum) => [sum.node.lo, sum]));
    const everything = { lo: 0, hi: this.#leafCount };
    copyTo(root.subarray(from, to), this.#sumSlice(byFirstLeaf, everything, from, to, root));
    this.#partialRoot = { vector: root, length: to };
    if (to === fullLength) this.#completeRoot(root);
    return { root, from, to };
  }

  /** Makes the known part of the root void. From now on only whole sums are added. */
  restart(): void {
    this.#incomplete.clear();
    if (!this.#partialRoot) return;
    this.#releasePartialRoot();
    const sums = [...this.#known.values()];
    this.#known.clear();
    for (const sum of sums) this.offer(sum);
  }

  /** Whether the sum of `node` is known or is a part of a known sum. */
  knows(node: LeafRange): boolean {
    return this.#known.values().some((known) => isInside(node, known.node));
  }

  /** Forgets everything and releases all vectors. */
  clear(): void {
    this.#incomplete.clear();
    this.#releasePartialRoot();
    for (const known of [...this.#known.values()]) this.#release(known);
  }

  /** The ranges of leaves without a known sum, ascending, each as long as possible. */
  missing(): LeafRange[] {
    const ranges: LeafRange[] = [];
    let lo = 0;
    for (const { node } of [...this.#known.values()].sort((a, b) => a.node.lo - b.node.lo)) {
      if (lo < node.lo) ranges.push({ lo, hi: node.lo });
      lo = node.hi;
    }
    if (lo < this.#leafCount) ranges.push({ lo, hi: this.#leafCount });
    return ranges;
  }

  /** The sum over all leaves, or undefined while it is not whole. */
  root(): Float32Array | undefined {
    if (this.#partialRoot) return undefined;
    const first = this.#known.get(0);
    return first?.node.hi === this.#leafCount ? first.vector : undefined;
  }

  #sums(): PartialSum[] {
    return [...this.#known.values(), ...this.#incomplete.values()];
  }

  /** Goes up the tree while the parent's other half is known. */
  #addSiblings(from: PartialSum, ancestors: readonly LeafRange[]): PartialSum {
    let sum = from;
    for (const parent of ancestors.toReversed()) {
      const isLeft = sum.node.lo === parent.lo;
      const sibling = this.#known.get(isLeft ? sum.node.hi : parent.lo);
      if (sibling?.node.hi !== (isLeft ? parent.hi : sum.node.lo)) break;
      // The order of the two does not matter: adding two numbers is commutative, to the last bit.
      this.#addHalves(parent, sum.vector, sibling.vector);
      this.#release(sibling);
      sum = { node: parent, vector: sum.vector };
    }
    return sum;
  }

  /**
   * The values [from, to) of a node's sum. The result is a view of a known vector, or of `target`
   * if halves were added.
   */
  #sumSlice(
    sums: ReadonlyMap<number, PartialSum>,
    node: LeafRange,
    from: number,
    to: number,
    target: Float32Array,
  ): Float32Array {
    const known = sums.get(node.lo);
    if (known?.node.hi === node.hi) return known.vector.subarray(from, to);
    const middle = splitPoint(node);
    const spare = this.#buffers.acquire(target.length);
    const left = this.#sumSlice(sums, { lo: node.lo, hi: middle }, from, to, target);
    const right = this.#sumSlice(sums, { lo: middle, hi: node.hi }, from, to, spare);
    const sum = target.subarray(from, to);
    copyTo(sum, left);
    this.#addHalves(node, sum, right, from);
    this.#buffers.release(spare);
    return sum;
  }

  #completeRoot(root: Float32Array): void {
    this.#partialRoot = undefined;
    for (const known of [...this.#known.values()]) this.#release(known);
    this.#known.set(0, { node: { lo: 0, hi: this.#leafCount }, vector: root });
  }

  #releasePartialRoot(): void {
    if (this.#partialRoot) this.#buffers.release(this.#partialRoot.vector);
    this.#partialRoot = undefined;
  }

  #release({ node, vector }: PartialSum): void {
    this.#known.delete(node.lo);
    this.#buffers.release(vector);
  }
}

/** Copies values to a place of the same length, unless they are there already. */
function copyTo(place: Float32Array, values: Float32Array): void {
  const isSamePlace = values.buffer === place.buffer && values.byteOffset === place.byteOffset;
  if (!isSamePlace) place.set(values);
}
