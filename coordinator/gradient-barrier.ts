import { assert } from '../shared/assert.ts';
import { isInside, type LeafRange, pathTo } from '../shared/reduction-tree.ts';

interface KnownSum {
  readonly node: LeafRange;
  readonly vector: Float32Array;
}

/** Makes the sum of one half of a node that of the node, by adding the other's. */
export type AddHalves = (node: LeafRange, half: Float32Array, otherHalf: Float32Array) => void;

/**
 * Where a step waits until its tree is complete. Takes the partial sums of tree nodes in any order, from anyone,
 * any number of times, and adds them up in the order of the tree: the root depends on the answers' values alone,
 * and each value is a pure function of its node.
 */
export class GradientBarrier {
  readonly #leafCount: number;
  readonly #addHalves: AddHalves;
  readonly #release: (vector: Float32Array) => void;
  /** By first leaf. No two overlap, and two siblings never stand side by side: they are added at once. */
  readonly #known = new Map<number, KnownSum>();

  /** `release` gets each vector that is no longer needed. */
  constructor(leafCount: number, addHalves: AddHalves, release: (vector: Float32Array) => void) {
    this.#leafCount = leafCount;
    this.#addHalves = addHalves;
    this.#release = release;
  }

  /**
   * Takes over `vector`, the sum of `node`, which must be a node of the tree. Returns false, and leaves the vector
   * to the caller, if that sum is known already.
   */
  offer(node: LeafRange, vector: Float32Array): boolean {
    const path = pathTo(this.#leafCount, node);
    assert(path !== undefined, `[${node.lo}, ${node.hi}) is no node of a tree of ${this.#leafCount} leaves`);
    for (const known of [...this.#known.values()]) {
      if (isInside(node, known.node)) return false;
      if (isInside(known.node, node)) this.#forget(known);
    }
    const sum = this.#addSiblings({ node, vector }, path.slice(0, -1));
    this.#known.set(sum.node.lo, sum);
    return true;
  }

  /** Whether the sum of `node` is known, or is a part of one that is. */
  knows(node: LeafRange): boolean {
    for (const known of this.#known.values()) if (isInside(node, known.node)) return true;
    return false;
  }

  /** Forgets everything. */
  clear(): void {
    for (const known of [...this.#known.values()]) this.#forget(known);
  }

  /** The ranges of leaves of which no sum is known yet, ascending, as long as possible. */
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

  /** The sum of everything, as soon as nothing is missing. */
  root(): Float32Array | undefined {
    const first = this.#known.get(0);
    return first?.node.hi === this.#leafCount ? first.vector : undefined;
  }

  /** Goes up the tree for as long as the other half of the parent is known. */
  #addSiblings(from: KnownSum, ancestors: readonly LeafRange[]): KnownSum {
    let sum = from;
    for (const parent of ancestors.toReversed()) {
      const isLeft = sum.node.lo === parent.lo;
      const sibling = this.#known.get(isLeft ? sum.node.hi : parent.lo);
      if (sibling?.node.hi !== (isLeft ? parent.hi : sum.node.lo)) break;
      // Which of the two came first does not matter: an addition of two numbers is commutative, to the last bit.
      this.#addHalves(parent, sum.vector, sibling.vector);
      this.#forget(sibling);
      sum = { node: parent, vector: sum.vector };
    }
    return sum;
  }

  #forget({ node, vector }: KnownSum): void {
    this.#known.delete(node.lo);
    this.#release(vector);
  }
}
