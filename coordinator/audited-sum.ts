import { bytesOf } from '../shared/protocol/codec.ts';
import { isInside, isSameNode, type LeafRange, subtract } from '../shared/reduction-tree.ts';
import { type AddHalves, GradientBarrier, type RootPart } from './gradient-barrier.ts';
import type { Contribution } from './gradient-source.ts';
import type { Member } from './member.ts';
import type { PoolCounters } from './pool-events.ts';
import type { VectorStore } from './vector-store.ts';

export interface AuditedSumOptions {
  readonly leafCount: number;
  readonly addHalves: AddHalves;
  /** Gets each vector that is no longer needed. */
  readonly vectors: VectorStore;
  /** Whether a sum that comes first is to be computed a second time, by somebody else. */
  readonly isSelected: () => boolean;
  /** Computes a node's sum in this process: the third opinion. The result is a view that the next call overwrites. */
  readonly judge: (node: LeafRange) => Float32Array;
  readonly isAllFinite: (vector: Float32Array) => boolean;
  /** Gets each part of the root as soon as it is known; without it sums are added up only when they are whole. */
  readonly stream: RootStream | undefined;
  readonly counters: PoolCounters;
}

/** Takes a root from its front. */
export interface RootStream {
  /** The first part, or the one that follows the last. */
  take(part: RootPart): void;
  /** What it took may be wrong: it will get nothing more. */
  takeBack(): void;
}

/** What a member says that the sum of a node is. */
export interface Opinion {
  readonly author: Member;
  readonly node: LeafRange;
  readonly vector: Float32Array;
}

/**
 * A round's sum under way. Each sum that arrives goes on to the gradient barrier, or is held until another worker has
 * computed it too: only then, and only if both agree to the last bit, does it count. If they do not, the coordinator
 * computes it as well and so finds out who was wrong.
 */
export class AuditedSum {
  readonly contributions: Contribution[] = [];
  readonly #options: AuditedSumOptions;
  readonly #barrier: GradientBarrier;
  readonly #held = new Set<Opinion>();
  #stream: RootStream | undefined;

  constructor(options: AuditedSumOptions) {
    const { leafCount, addHalves, vectors } = options;
    this.#options = options;
    this.#stream = options.stream;
    this.#barrier = new GradientBarrier(leafCount, addHalves, vectors);
  }

  /** Sums that wait for a second opinion. */
  get held(): readonly Opinion[] {
    return [...this.#held];
  }

  /** Takes over the opinion's vector. Returns the members that turned out to be wrong. */
  offer(opinion: Opinion): Member[] {
    const { node, author, vector } = opinion;
    const held = this.held.find((other) => isInside(node, other.node));
    if (held && isSameNode(held.node, node) && held.author.identity !== author.identity) {
      this.#held.delete(held);
      return this.#compare(held, opinion);
    }
    if (held || this.#barrier.knows(node)) {
      this.#options.counters.duplicateAnswers++;
      this.#drop(opinion, 'copy');
      return [];
    }
    const { isAllFinite, isSelected, judge } = this.#options;
    if (!isAllFinite(vector)) {
      this.#stopStream();
      if (isAllFinite(judge(node))) return this.#convict([opinion], node);
    }
    if (isSelected()) this.#held.add(opinion);
    else this.#sum(author.identity, node, vector);
    this.#advance();
    return [];
  }

  /** The first `length` values of the sum of `node` are in `vector`, which stays the caller's. */
  grow(node: LeafRange, vector: Float32Array, length: number): void {
    if (!this.#stream) return;
    this.#barrier.grow(node, vector, length);
    this.#advance();
  }

  /** The sum that is coming into `vector` will not be whole. */
  forget(vector: Float32Array): void {
    this.#barrier.forget(vector);
  }

  /** Compares a held sum with the coordinator's own, where no other worker can give an opinion. */
  judge(held: Opinion): Member[] {
    this.#held.delete(held);
    this.#options.counters.auditedSums++;
    return this.#convict([held], held.node);
  }

  /** The ranges of leaves of which no sum has been given yet, ascending. */
  missing(): LeafRange[] {
    const without = (ranges: LeafRange[], { node }: Opinion) =>
      ranges.flatMap((range) => subtract(range, node));
    return this.held.reduce(without, this.#barrier.missing());
  }

  /** The sum of everything, as soon as nothing is missing nor held. */
  root(): Float32Array | undefined {
    return this.#barrier.root();
  }

  /** Releases all vectors. */
  clear(): void {
    for (const { vector } of this.#held) this.#options.vectors.release(vector);
    this.#held.clear();
    this.#barrier.clear();
  }

  /** Hands on what has become known of the root. A value that is not finite comes from one that is not either. */
  #advance(): void {
    const part = this.#stream && this.#barrier.advance();
    if (!part) return;
    if (this.#options.isAllFinite(part.root.subarray(part.from, part.to))) this.#stream?.take(part);
    else this.#stopStream();
  }

  #stopStream(): void {
    this.#stream?.takeBack();
    this.#stream = undefined;
    this.#barrier.beginAgain();
  }

  #compare(first: Opinion, second: Opinion): Member[] {
    this.#options.counters.auditedSums++;
    if (!areEqual(first.vector, second.vector)) return this.#convict([first, second], first.node);
    this.#drop(second, 'copy');
    this.#sum(first.author.identity, first.node, first.vector);
    return [];
  }

  /** Finds out which opinions of a node are wrong, and goes on with its true sum. */
  #convict(opinions: readonly Opinion[], node: LeafRange): Member[] {
    const { judge, isAllFinite, counters } = this.#options;
    const verdict = judge(node);
    // Training that diverges has sums that are not numbers, whose bits say nothing.
    const isRight = ({ vector }: Opinion) => areEqual(vector, verdict) || !isAllFinite(verdict);
    const wrong = opinions.filter((opinion) => !isRight(opinion));
    const [right, ...others] = opinions.filter(isRight);
    const authors = wrong.map(({ author }) => author);
    counters.wrongSums += wrong.length;
    for (const author of authors) this.#withdraw(author);
    for (const opinion of others) this.#drop(opinion, 'copy');
    const [spare, ...rest] = wrong;
    for (const opinion of rest) this.#drop(opinion, 'discarded');
    if (right) {
      if (spare) this.#drop(spare, 'discarded');
      this.#sum(right.author.identity, node, right.vector);
    } else {
      spare.vector.set(verdict);
      this.contributions.push({ worker: spare.author.identity, node, use: 'discarded' });
      this.#sum(null, node, spare.vector);
    }
    return authors;
  }

  /** What a wrong member gave unseen may be wrong too: if it is added up already, the sum begins again. */
  #withdraw(author: Member): void {
    for (const held of this.held) {
      if (held.author.identity !== author.identity) continue;
      this.#held.delete(held);
      this.#drop(held, 'discarded');
    }
    if (!this.contributions.some(({ worker, use }) => worker === author.identity && use === 'summed')) return;
    this.#barrier.clear();
    for (const contribution of this.contributions) contribution.use = 'discarded';
  }

  #sum(worker: string | null, node: LeafRange, vector: Float32Array): void {
    for (const held of this.held) {
      if (!isInside(held.node, node)) continue;
      this.#held.delete(held);
      this.#drop(held, 'copy');
    }
    for (const contribution of this.contributions) {
      if (contribution.use === 'summed' && isInside(contribution.node, node)) contribution.use = 'copy';
    }
    this.contributions.push({ worker, node, use: 'summed' });
    this.#barrier.offer(node, vector);
  }

  #drop({ author, node, vector }: Opinion, use: 'copy' | 'discarded'): void {
    this.contributions.push({ worker: author.identity, node, use });
    this.#options.vectors.release(vector);
  }
}

/** To the last bit. */
const areEqual = (a: Float32Array, b: Float32Array): boolean => Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
