import { assert } from '../shared/assert.ts';
import { areDisjoint, isInside, type LeafRange, pathTo, splitPoint } from '../shared/reduction-tree.ts';
import type { VectorStore } from './vector-store.ts';

interface KnownSum {
  readonly node: LeafRange;
  readonly vector: Float32Array;
}

/** A sum of which the first values are here. */
interface GrowingSum extends KnownSum {
  length: number;
}

/** Some values of the root, which will not change any more. */
export interface RootPart {
  readonly root: Float32Array;
  readonly from: number;
  readonly to: number;
}

/** Makes the sum of one half of a node that of the node, by adding the other's; or parts of both, `from` some value on. */
export type AddHalves = (node: LeafRange, half: Float32Array, otherHalf: Float32Array, from?: number) => void;

/**
 * Where a step waits until its tree is complete. Takes the partial sums of tree nodes in any order, from anyone,
 * any number of times, and adds them up in the order of the tree: the root depends on the answers' values alone,
 * and each value is a pure function of its node.
 *
 * Sums may be added up while they come in: as soon as there is a sum for each leaf, as many values of the root are known
 * as the shortest of them has. They stay what they are even if a sum then never becomes whole, for whoever computes it
 * again comes to the same values.
 */
export class GradientBarrier {
  readonly #leafCount: number;
  readonly #addHalves: AddHalves;
  readonly #vectors: VectorStore;
  /**
   * By first leaf. No two overlap, and two siblings never stand side by side: they are added at once, unless values of the
   * root are known already.
   */
  readonly #known = new Map<number, KnownSum>();
  /** Those that come in and neither overlap each other nor what is known. Their vectors are others' still. */
  #growing: GrowingSum[] = [];
  /** The root, as far as it is known, while it is not whole. */
  #partialRoot: { readonly vector: Float32Array; length: number } | undefined;

  /** `vectors` gets each vector that is no longer needed. */
  constructor(leafCount: number, addHalves: AddHalves, vectors: VectorStore) {
    this.#leafCount = leafCount;
    this.#addHalves = addHalves;
    this.#vectors = vectors;
  }

  /**
   * Takes over `vector`, the sum of `node`, which must be a node of the tree. Returns false, and leaves the vector
   * to the caller, if that sum is known already.
   */
  offer(node: LeafRange, vector: Float32Array): boolean {
    const path = pathTo(this.#leafCount, node);
    assert(path !== undefined, `[${node.lo}, ${node.hi}) is no node of a tree of ${this.#leafCount} leaves`);
    this.forget(vector);
    for (const known of [...this.#known.values()]) {
      if (isInside(node, known.node)) return false;
      if (isInside(known.node, node)) this.#drop(known);
    }
    this.#growing = this.#growing.filter((growing) => areDisjoint(growing.node, node));
    const sum = this.#partialRoot ? { node, vector } : this.#addSiblings({ node, vector }, path.slice(0, -1));
    this.#known.set(sum.node.lo, sum);
    return true;
  }

  /** The first `length` values of `vector`, which stays the caller's, are those of the sum of `node`. */
  grow(node: LeafRange, vector: Float32Array, length: number): void {
    const growing = this.#growing.find((other) => other.vector === vector);
    if (growing) growing.length = length;
    else if ([...this.#known.values(), ...this.#growing].every((other) => areDisjoint(other.node, node)))
      this.#growing.push({ node, vector, length });
  }

  /** The sum that is coming into `vector` will not be whole. */
  forget(vector: Float32Array): void {
    this.#growing = this.#growing.filter((growing) => growing.vector !== vector);
  }

  /** Adds up what values there are of every leaf. Returns those of the root that are new; none, if nothing is coming in. */
  advance(): RootPart | undefined {
    const sums: KnownSum[] = [...this.#known.values(), ...this.#growing];
    const leaves = sums.reduce((count, { node }) => count + node.hi - node.lo, 0);
    if (leaves < this.#leafCount || this.root()) return undefined;
    const full = sums[0].vector.length;
    const from = this.#partialRoot?.length ?? 0;
    const to = this.#growing.reduce((least, { length }) => Math.min(least, length), full);
    if (to <= from) return undefined;
    this.#partialRoot ??= { vector: this.#vectors.acquire(full), length: 0 };
    const root = this.#partialRoot.vector;
    const byFirstLeaf = new Map(sums.map((sum) => [sum.node.lo, sum]));
    const everything = { lo: 0, hi: this.#leafCount };
    put(this.#sumPart(byFirstLeaf, everything, from, to, root), root.subarray(from, to));
    this.#partialRoot.length = to;
    if (to === full) this.#complete(root);
    return { root, from, to };
  }

  /** Nothing is known of the root any more, and it will be only when all sums are whole. */
  beginAgain(): void {
    this.#growing = [];
    if (!this.#partialRoot) return;
    this.#vectors.release(this.#partialRoot.vector);
    this.#partialRoot = undefined;
    const sums = [...this.#known.values()];
    this.#known.clear();
    for (const { node, vector } of sums) this.offer(node, vector);
  }

  /** Whether the sum of `node` is known, or is a part of one that is. */
  knows(node: LeafRange): boolean {
    for (const known of this.#known.values()) if (isInside(node, known.node)) return true;
    return false;
  }

  /** Forgets everything. */
  clear(): void {
    this.#growing = [];
    if (this.#partialRoot) this.#vectors.release(this.#partialRoot.vector);
    this.#partialRoot = undefined;
    for (const known of [...this.#known.values()]) this.#drop(known);
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
    if (this.#partialRoot) return undefined;
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
      this.#drop(sibling);
      sum = { node: parent, vector: sum.vector };
    }
    return sum;
  }

  /** The values [from, to) of a node's sum: a view of them where they are, or, where they are added up, of `target`. */
  #sumPart(
    sums: ReadonlyMap<number, KnownSum>,
    node: LeafRange,
    from: number,
    to: number,
    target: Float32Array,
  ): Float32Array {
    const known = sums.get(node.lo);
    if (known?.node.hi === node.hi) return known.vector.subarray(from, to);
    const middle = splitPoint(node);
    const spare = this.#vectors.acquire(target.length);
    const left = this.#sumPart(sums, { lo: node.lo, hi: middle }, from, to, target);
    const right = this.#sumPart(sums, { lo: middle, hi: node.hi }, from, to, spare);
    const sum = target.subarray(from, to);
    put(left, sum);
    this.#addHalves(node, sum, right, from);
    this.#vectors.release(spare);
    return sum;
  }

  #complete(root: Float32Array): void {
    this.#partialRoot = undefined;
    for (const known of [...this.#known.values()]) this.#drop(known);
    this.#known.set(0, { node: { lo: 0, hi: this.#leafCount }, vector: root });
  }

  #drop({ node, vector }: KnownSum): void {
    this.#known.delete(node.lo);
    this.#vectors.release(vector);
  }
}

/** Copies values to a place of as many, unless they are there. */
function put(values: Float32Array, place: Float32Array): void {
  if (values.buffer !== place.buffer || values.byteOffset !== place.byteOffset) place.set(values);
}
