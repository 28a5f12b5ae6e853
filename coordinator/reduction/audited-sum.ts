import { areSameBits } from '../../shared/bytes.ts';
import { isInside, isSameNode, type LeafRange, subtract } from '../../shared/reduction-tree.ts';
import type { IncompleteSum, PartialSum } from '../../shared/round/partial-sum.ts';
import type { PoolCounters } from '../reporting/pool-events.ts';
import type { Contribution } from '../training/gradient-source.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type AddHalves, type RootSlice, TreeReduction } from './tree-reduction.ts';

/*
 * Spot-checking by redundant computation: which partial sums enter the reduction.
 *
 * The problem. A worker may give a wrong sum: a flipped bit, or a lie. A partial sum is a pure
 * function of its node, so two workers that compute it come to the same bits, or one is wrong.
 *
 * The life of a partial sum that arrives (`offer`):
 *
 *            not to be checked
 *   arrives ──────────────────────────────────────────────────────────► added to the reduction
 *      │                                                                      ▲
 *      │ to be checked     a second author, the same bits                     │
 *      ├─────────► held ──────────────────────────────────────────────────────┤
 *      │            │                                                         │
 *      │            │  a second author, other bits (`offer`)                  │ the true sum
 *      │            │  nobody else can compute it (`resolveAlone`)            │
 *      │            ▼                                                         │
 *      └────────► resolved: the coordinator computes the sum itself ──────────┘
 *      implausible, │
 *      or to be     ▼
 *      checked here
 *                the authors of other bits are returned, to be expelled; what they gave in this
 *                round is retracted, and their leaves are missing again
 *
 * Invariants.
 *   1. A held sum and a sum in the reduction never overlap.
 *   2. `contributions` has an entry for every vector that was offered, and says what became of it.
 *   3. Each offered vector is owned here until the reduction takes it or the pool gets it back.
 */

/** Who gave a sum. */
export interface Author {
  /** The name in the records. */
  readonly label: string;
  /** Authors of one origin may be one liar, so they do not check each other. */
  readonly origin: string;
}

/** How a new sum is checked: not at all, by an author of another origin, or by the coordinator. */
export type Check = 'none' | 'other' | 'here';

export interface AuthoredSum<A extends Author> extends PartialSum {
  readonly author: A;
}

export interface AuditedSumOptions<A extends Author> {
  readonly leafCount: number;
  readonly addHalves: AddHalves;
  readonly buffers: BufferPool;
  readonly checkOf: (author: A) => Check;
  /** A sum of this author was checked, and was right. */
  readonly onChecked: (author: A) => void;
  /** Whether a sum may be right, as far as a look at it tells. */
  readonly isPlausible: (sum: PartialSum) => boolean;
  /** Computes a node's sum in this process. The next call overwrites the result. */
  readonly recompute: (node: LeafRange) => Float32Array;
  /** See `Kernels`. */
  readonly isAllBounded: (vector: Float32Array) => boolean;
  /** Gets each slice of the root as soon as it is known. Undefined: only whole sums are added. */
  readonly stream: RootStream | undefined;
  readonly counters: PoolCounters;
}

/** Takes the root from its front, slice by slice. */
export interface RootStream {
  /** Takes the slice that follows the last one. */
  take(slice: RootSlice): void;
  /** The slices so far may be wrong. Nothing follows. */
  rollBack(): void;
}

/** The sum of one round, of which some parts are checked by a second worker. */
export class AuditedSum<A extends Author> {
  readonly contributions: Contribution[] = [];
  readonly #options: AuditedSumOptions<A>;
  readonly #authors = new Map<Contribution, A>();
  readonly #reduction: TreeReduction;
  readonly #held = new Set<AuthoredSum<A>>();
  #stream: RootStream | undefined;

  constructor(options: AuditedSumOptions<A>) {
    this.#options = options;
    this.#stream = options.stream;
    this.#reduction = new TreeReduction(options.leafCount, options.addHalves, options.buffers);
  }

  /** The sums that wait until a second worker has computed them. */
  get held(): readonly AuthoredSum<A>[] {
    return [...this.#held];
  }

  /** Takes over the sum's vector. Returns the authors whose sums turned out to be wrong. */
  offer(sum: AuthoredSum<A>): A[] {
    const { node, author } = sum;
    const held = this.held.find((other) => isInside(node, other.node));
    if (held && isSameNode(held.node, node) && held.author.origin !== author.origin) {
      this.#held.delete(held);
      return this.#compare(held, sum);
    }
    if (held || this.#reduction.knows(node)) {
      this.#options.counters.duplicateAnswers++;
      this.#release(sum, 'copy');
      return [];
    }
    if (!this.#options.isPlausible(sum)) {
      this.#stopStream();
      return this.#resolve([sum]);
    }
    const check = this.#options.checkOf(author);
    // A check may have to compute with the parameters as they were.
    if (check !== 'none') this.#stopStream();
    if (check === 'here') return this.resolveAlone(sum);
    if (check === 'other') this.#held.add(sum);
    else this.#add(author, sum);
    return [];
  }

  /** Notes that more of a sum has arrived. The vector stays the caller's. */
  extend(sum: IncompleteSum): void {
    if (!this.#stream) return;
    this.#reduction.extend(sum);
    this.#advance();
  }

  /** Forgets an incomplete sum: the rest of it will not arrive in this vector. */
  discard(vector: Float32Array): void {
    this.#reduction.discard(vector);
  }

  /** Checks a sum in this process. Returns a wrong author. */
  resolveAlone(sum: AuthoredSum<A>): A[] {
    this.#held.delete(sum);
    return this.#countAudit(this.#resolve([sum]));
  }

  /** The ranges of leaves of which no sum has been given yet, ascending. */
  missing(): LeafRange[] {
    const without = (ranges: LeafRange[], { node }: PartialSum) =>
      ranges.flatMap((range) => subtract(range, node));
    return this.held.reduce(without, this.#reduction.missing());
  }

  /** The sum over all leaves, or undefined while a leaf is missing or held. */
  root(): Float32Array | undefined {
    return this.#reduction.root();
  }

  /** Releases all vectors. */
  clear(): void {
    for (const { vector } of this.#held) this.#options.buffers.release(vector);
    this.#held.clear();
    this.#reduction.clear();
  }

  /**
   * Passes on the new values of the root. A value that is out of bounds ends the stream: one of the
   * sums has such a value too, and is not plausible when it is whole.
   */
  #advance(): void {
    const slice = this.#stream && this.#reduction.advance();
    if (!slice) return;
    const newValues = slice.root.subarray(slice.from, slice.to);
    if (this.#options.isAllBounded(newValues)) this.#stream?.take(slice);
    else this.#stopStream();
  }

  #stopStream(): void {
    if (!this.#stream) return;
    this.#stream.rollBack();
    this.#stream = undefined;
    this.#reduction.restart();
  }

  #compare(first: AuthoredSum<A>, second: AuthoredSum<A>): A[] {
    if (!areSameBits(first.vector, second.vector))
      return this.#countAudit(this.#resolve([first, second]));
    for (const { author } of [first, second]) this.#options.onChecked(author);
    this.#release(second, 'copy');
    this.#add(first.author, first);
    return this.#countAudit([]);
  }

  /** Returns the authors whose sums an audit has found to be wrong. */
  #countAudit(wrongAuthors: A[]): A[] {
    const { counters } = this.#options;
    counters.auditedSums++;
    if (wrongAuthors.length === 0) counters.passedAudits++;
    return wrongAuthors;
  }

  /** Computes the true sum, adds it, and returns the authors of the other sums. */
  #resolve(sums: readonly AuthoredSum<A>[]): A[] {
    const { recompute, isAllBounded, onChecked, counters } = this.#options;
    const { node } = sums[0];
    const trueSum = recompute(node);
    // Training that diverges has sums that are no useful numbers, and their bits say nothing.
    const isRight = ({ vector }: PartialSum) =>
      areSameBits(vector, trueSum) || !isAllBounded(trueSum);
    const wrong = sums.filter((sum) => !isRight(sum));
    const [right, ...copies] = sums.filter(isRight);
    const authors = wrong.map(({ author }) => author);
    counters.wrongSums += wrong.length;
    for (const { author } of sums.filter(isRight)) onChecked(author);
    for (const author of authors) this.#retract(author);
    for (const sum of copies) this.#release(sum, 'copy');
    const [spare, ...rest] = wrong;
    for (const sum of rest) this.#release(sum, 'discarded');
    if (right) {
      if (spare) this.#release(spare, 'discarded');
      this.#add(right.author, right);
    } else {
      // The vector of a wrong sum holds the true one from now on.
      spare.vector.set(trueSum);
      this.#note(spare.author, node, 'discarded');
      this.#add(null, spare);
    }
    return authors;
  }

  /**
   * Removes what a wrong author gave in this round. What was added up already cannot be taken out
   * of the tree, so then the whole sum begins again.
   */
  #retract(author: A): void {
    for (const held of this.held) {
      if (held.author !== author) continue;
      this.#held.delete(held);
      this.#release(held, 'discarded');
    }
    const isSummed = this.contributions.some(
      (contribution) => contribution.use === 'summed' && this.#authors.get(contribution) === author,
    );
    if (!isSummed) return;
    this.#reduction.clear();
    for (const contribution of this.contributions) contribution.use = 'discarded';
  }

  /** Adds a sum to the reduction. Held sums that it makes superfluous are released. */
  #add(author: A | null, { node, vector }: PartialSum): void {
    for (const contribution of this.contributions) {
      const isCovered = contribution.use === 'summed' && isInside(contribution.node, node);
      if (isCovered) contribution.use = 'copy';
    }
    this.#note(author, node, 'summed');
    this.#reduction.offer({ node, vector });
    for (const held of this.held) {
      // Siblings were added, so the sum of a larger node may be known now.
      if (!this.#reduction.knows(held.node)) continue;
      this.#held.delete(held);
      this.#release(held, 'copy');
    }
    this.#advance();
  }

  #release({ author, node, vector }: AuthoredSum<A>, use: 'copy' | 'discarded'): void {
    this.#note(author, node, use);
    this.#options.buffers.release(vector);
  }

  #note(author: A | null, node: LeafRange, use: Contribution['use']): void {
    const contribution = { worker: author?.label ?? null, node, use };
    this.contributions.push(contribution);
    if (author) this.#authors.set(contribution, author);
  }
}
