import type { Clock } from '../../shared/clock.ts';
import type { ThreadGroup } from '../../shared/engine/threads/thread-group.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { Hello, ShareTiming } from '../../shared/protocol/messages.ts';
import { type LeafRange, maximalSubtrees } from '../../shared/reduction-tree.ts';
import type { PartialSum } from '../../shared/round/partial-sum.ts';
import { divideLeaves, joinSums } from '../../shared/round/threaded-computer.ts';
import {
  ROUND_KINDS,
  type Round,
  type RoundKind,
  type Workload,
} from '../../shared/round/workload.ts';
import { type CloseReason, describeCloseReason } from './close-reason.ts';
import type { ConnectedWorkerListener } from './connected-worker.ts';
import type { Worker } from './worker.ts';

/*
 * A worker whose threads compute in this process, in the coordinator's own memory. It reads the
 * parameters where they are, and its sums are written where the reduction wants them. So nothing is
 * encoded, sent or copied, and the pool cannot tell it from a worker at the end of a socket.
 */

export interface ThreadWorkerOptions {
  readonly clock: Clock;
  readonly workload: Workload;
  readonly identity: Pick<Hello, 'name' | 'pid' | 'token' | 'numerics' | 'identity'>;
  readonly threads: ThreadGroup;
  /** Adds the sum of the right half of a node into that of the left half. */
  readonly addHalves: (
    kind: RoundKind,
    node: LeafRange,
    left: Float32Array,
    right: Float32Array,
  ) => void;
  /** Lends a vector in the memory of the threads. */
  readonly acquire: (length: number) => Float32Array;
  readonly release: (vector: Float32Array) => void;
  /** What this process has used so far. */
  readonly usage: () => Pick<ShareTiming, 'cpuMs' | 'throttledMs'>;
  readonly listener: ConnectedWorkerListener;
  /** Gets an error that the listener has thrown. */
  readonly onFault: (error: unknown) => void;
}

export class ThreadWorker implements Worker {
  readonly address = undefined;
  readonly isLocal = true;
  readonly sharesMemory = true;
  readonly clockOffsetMs = 0;
  readonly traffic = { sentBytes: 0, receivedBytes: 0 };
  /** Resolves to the reason when it is gone. */
  readonly gone: Promise<string>;
  readonly #resolveGone: (reason: string) => void;
  readonly #options: ThreadWorkerOptions;
  #isBusy = false;
  #isGone = false;

  /** The listener hears of it after the caller's turn. */
  constructor(options: ThreadWorkerOptions) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.gone = promise;
    this.#resolveGone = resolve;
    this.#options = options;
    void Promise.resolve().then(() => this.#guard(() => this.#join()));
  }

  get isFree(): boolean {
    return !this.#isBusy;
  }

  sendParameters(): void {}

  /** Throws a MEMORY error if the sums find no place. */
  sendShare(round: Round, leaves: LeafRange, parameters: Float32Array): void {
    const parts = this.#reserveSums(round, leaves);
    this.#isBusy = true;
    this.#compute(round, leaves, parameters, parts).catch((error) => this.#fail(error));
  }

  close(reason: CloseReason): void {
    this.#goneBecause(describeCloseReason(reason));
  }

  /** Asks for no further share. The worker is let go when it owes nothing. */
  askToLeave(): void {
    if (!this.#isGone) this.#guard(() => this.#options.listener.onLeaving());
  }

  /** The threads have ended, or will end. */
  end(reason: string): void {
    this.#goneBecause(reason);
  }

  #join(): void {
    const { identity, threads, listener } = this.#options;
    const hello = {
      type: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      ...identity,
      threads: threads.size,
      runtime: 'node',
    } as const;
    const welcome = listener.onHello(hello);
    if ('why' in welcome) this.close(welcome);
    else listener.onReady();
  }

  /** A vector for each sum that each thread makes of its part. */
  #reserveSums({ kind }: Round, leaves: LeafRange): PartialSum[][] {
    const { threads, workload, acquire } = this.#options;
    return divideLeaves(leaves, threads.size).map((part) =>
      maximalSubtrees(workload.leafCount(kind), part).map((node) => ({
        node,
        vector: acquire(workload.vectorLength(kind)),
      })),
    );
  }

  async #compute(
    round: Round,
    leaves: LeafRange,
    parameters: Float32Array,
    parts: readonly PartialSum[][],
  ): Promise<void> {
    const { clock, threads, workload, usage } = this.#options;
    const startedAt = clock.now();
    const leafCount = workload.leafCount(round.kind);
    const { byteOffset: address, length } = parameters;
    const isDone = await threads.sum(
      parts.map((sums) => ({
        kind: ROUND_KINDS.indexOf(round.kind),
        step: round.step,
        leaves: { lo: sums[0].node.lo, hi: sums[sums.length - 1].node.hi },
        parameters: { address, length },
        into: sums.map(({ vector }) => vector.byteOffset),
      })),
    );
    this.#isBusy = false;
    const sums = parts.flat();
    if (!isDone) this.end('a thread has failed');
    if (this.#isGone) return this.#releaseAll(sums);
    const computeMs = clock.now() - startedAt;
    const timing = { startedAt, receiveMs: 0, computeMs, sendMs: 0, ...usage() };
    this.#guard(() => this.#passOn(round, maximalSubtrees(leafCount, leaves), sums, timing));
  }

  /** Joins the threads' sums to those that were asked for, and passes them on. */
  #passOn(
    round: Round,
    nodes: readonly LeafRange[],
    sums: readonly PartialSum[],
    timing: ShareTiming,
  ): void {
    const { addHalves, release, listener } = this.#options;
    for (const [i, node] of nodes.entries()) {
      const vector = joinSums(node, sums, (inner, left, right) => {
        addHalves(round.kind, inner, left, right);
        release(right);
      });
      const isLast = i === nodes.length - 1;
      listener.onPartialSum({ round, node, vector, isLast, timing: isLast ? timing : undefined });
    }
  }

  #releaseAll(sums: readonly PartialSum[]): void {
    for (const { vector } of sums) this.#options.release(vector);
  }

  #goneBecause(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#resolveGone(reason);
    this.#guard(() => this.#options.listener.onGone(reason));
  }

  #guard(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#options.onFault(error);
    this.#goneBecause('a fault of the coordinator');
  }
}
