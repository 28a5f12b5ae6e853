import { assert } from '../shared/assert.ts';
import type { Clock } from '../shared/clock.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { createFramePool } from '../shared/protocol/frame-pool.ts';
import { CLOSE } from '../shared/protocol/link.ts';
import { describeLeaves, type LeafRange, subtract } from '../shared/reduction-tree.ts';
import type { Round, Workload } from '../shared/workload.ts';
import { type Broadcast, createBroadcast } from './broadcast.ts';
import { GradientBarrier } from './gradient-barrier.ts';
import type { Assignment, Member } from './member.ts';
import { planShares } from './planner.ts';
import type { PoolCounters, PoolEvent } from './pool-events.ts';
import { createStragglerDeadline } from './straggler-deadline.ts';
import type { VectorStore } from './vector-store.ts';

/** How much the newest share counts in a worker's measured throughput. */
const THROUGHPUT_SMOOTHING = 0.2;

/** A worker that owes a share for so many deadlines, and for at least so long, is dropped; it may come back. */
const STALL_DEADLINES = 10;
const STALL_MIN_MS = 60_000;

export interface ShareDispatcherOptions {
  readonly clock: Clock;
  readonly workload: Workload;
  readonly vectors: VectorStore;
  /** The members that are ready, in the order of their ranks. */
  readonly readyMembers: () => readonly Member[];
  /** Adds sums up, and looks them over; the vectors are its own. */
  readonly engine: Engine;
  /** Computes a node's sum in this process: the judge of a worker whose sum is not finite. */
  readonly recompute: (round: Round, node: LeafRange, parameters: Float32Array) => Float32Array;
  readonly counters: PoolCounters;
  readonly report: (event: PoolEvent) => void;
}

interface CurrentRound {
  readonly round: Round;
  readonly parameters: Float32Array;
  readonly barrier: GradientBarrier;
  /** The parameters as sent; undefined until the first worker needs them. */
  broadcast: Broadcast | undefined;
  readonly onRoot: (root: Float32Array) => void;
}

/** Carries out one round at a time: hands out its leaves, takes the sums back, and lets no worker hold it up. */
export class ShareDispatcher {
  readonly #options: ShareDispatcherOptions;
  readonly #deadlines = createStragglerDeadline();
  readonly #frames = createFramePool();
  #current: CurrentRound | undefined;

  constructor(options: ShareDispatcherOptions) {
    this.#options = options;
  }

  /** Begins a round; `onRoot` gets its sum, which belongs to the caller from then on. */
  begin(round: Round, parameters: Float32Array, onRoot: (root: Float32Array) => void): void {
    assert(this.#current === undefined, 'one round at a time');
    const { workload, engine, vectors } = this.#options;
    const barrier = new GradientBarrier(
      workload.leafCount(round.kind),
      engine.kernels.addInto,
      vectors.release,
    );
    this.#current = { round, parameters, barrier, broadcast: undefined, onRoot };
    this.dispatch();
  }

  /** Ends the round, if there is one, without its sum. */
  abandon(): void {
    this.#current?.broadcast?.end();
    this.#current = undefined;
  }

  /**
   * Gives the leaves that nobody works on to the members that owe nothing. To be called whenever either may have
   * changed: a member joins, or is gone.
   */
  dispatch(): void {
    const current = this.#current;
    if (!current) return;
    const { round } = current;
    for (const range of this.#unclaimedLeaves(current)) {
      const available = this.#options.readyMembers().filter(({ isLeaving }) => !isLeaving);
      const idle = available.filter(({ assignment }) => !assignment);
      // Members that will soon be free keep their part, so that the first one to finish does not get it all.
      const busy = available.filter(({ assignment }) => assignment && isTimely(assignment, round));
      const throughputs = [...idle, ...busy].map((member) => member.throughputs[round.kind]);
      const shares = planShares(range, throughputs);
      for (const [index, member] of idle.entries()) {
        if (shares[index].lo < shares[index].hi) this.#assign(member, current, shares[index]);
      }
    }
  }

  /** Takes the sum of a node from a member that owes it; `isLast`: it owes nothing more. */
  receive(member: Member, round: Round, node: LeafRange, vector: Float32Array, isLast: boolean): void {
    if (isLast) this.#settle(member);
    this.#accept(member, round, node, vector);
    const root = this.#current?.barrier.root();
    if (this.#current && root) {
      const { onRoot } = this.#current;
      this.abandon();
      onRoot(root);
    } else if (isLast) {
      this.dispatch();
    }
  }

  #unclaimedLeaves({ round, barrier }: CurrentRound): LeafRange[] {
    let unclaimed = barrier.missing();
    for (const { assignment } of this.#options.readyMembers()) {
      if (!assignment || !isTimely(assignment, round)) continue;
      unclaimed = unclaimed.flatMap((range) => subtract(range, assignment.share));
    }
    return unclaimed;
  }

  #assign(member: Member, current: CurrentRound, share: LeafRange): void {
    const { clock, workload } = this.#options;
    const { round } = current;
    if (member.parametersStep !== round.step) {
      current.broadcast ??= createBroadcast(this.#frames, current.parameters, round.step);
      member.worker.sendParameters(current.broadcast);
      member.parametersStep = round.step;
    }
    member.worker.sendShare(round, share);

    const exampleCount = workload.exampleCount(round, share);
    const throughput = member.throughputs[round.kind];
    const expectedMs = throughput === undefined ? undefined : (exampleCount / throughput) * 1000;
    const deadlineMs = this.#deadlines.deadlineMs(expectedMs);
    const stallMs = Math.max(STALL_MIN_MS, STALL_DEADLINES * deadlineMs);
    const cancelDeadline = clock.setTimer(deadlineMs, () => this.#markLate(member, assignment, deadlineMs));
    const cancelStall = clock.setTimer(stallMs, () => {
      const reason = `owes ${describeShare(assignment)} for ${Math.round(stallMs / 1000)} s`;
      member.worker.drop(CLOSE.timeout, 'TIMEOUT', reason);
    });
    const assignment: Assignment = {
      ...{ round, share, exampleCount, expectedMs },
      sentAt: clock.now(),
      isLate: false,
      cancelTimers() {
        cancelDeadline();
        cancelStall();
      },
    };
    member.assignment = assignment;
  }

  #markLate(member: Member, assignment: Assignment, deadlineMs: number): void {
    assignment.isLate = true;
    if (!this.#current || !isSameRound(assignment.round, this.#current.round)) return;
    this.#options.counters.lateShares++;
    const waited = `not here after ${Math.round(deadlineMs)} ms; others compute them too`;
    const message = `rank ${member.rank} late: ${describeShare(assignment)} ${waited}`;
    this.#options.report({ event: 'notice', code: 'late', message });
    this.dispatch();
  }

  /** The member owes nothing more: its share measures it. */
  #settle(member: Member): void {
    const { assignment } = member;
    assert(assignment !== undefined, 'only a member that owes a share can settle it');
    const { round, exampleCount, expectedMs, sentAt } = assignment;
    assignment.cancelTimers();
    member.assignment = undefined;
    if (exampleCount === 0) return;
    const actualMs = Math.max(this.#options.clock.now() - sentAt, 1e-3);
    if (expectedMs !== undefined) this.#deadlines.record(expectedMs, actualMs);
    const measured = (exampleCount / actualMs) * 1000;
    const before = member.throughputs[round.kind] ?? measured;
    member.throughputs[round.kind] = before + THROUGHPUT_SMOOTHING * (measured - before);
  }

  #accept(member: Member, round: Round, node: LeafRange, vector: Float32Array): void {
    const { counters, vectors, engine, recompute, report } = this.#options;
    const { isAllFinite } = engine.kernels;
    const current = this.#current;
    if (!current || !isSameRound(round, current.round)) {
      counters.staleAnswers++;
      vectors.release(vector);
    } else if (!isAllFinite(vector) && isAllFinite(recompute(round, node, current.parameters))) {
      const reason = `its sum over ${describeLeaves(node)} of ${describeRound(round)} is not finite, ours is`;
      report({ event: 'notice', code: 'not-finite', message: `rank ${member.rank} dropped: ${reason}` });
      vectors.release(vector);
      member.worker.drop(CLOSE.refused, 'REFUSED', reason);
    } else if (!current.barrier.offer(node, vector)) {
      counters.duplicateAnswers++;
      vectors.release(vector);
    }
  }
}

/** "step 12", "the test set after step 430". */
export function describeRound({ kind, step }: Round): string {
  return kind === 'train' ? `step ${step}` : `the ${kind} set after step ${step}`;
}

const describeShare = ({ share, round }: Assignment): string =>
  `${describeLeaves(share)} of ${describeRound(round)}`;

const isSameRound = (a: Round, b: Round): boolean => a.kind === b.kind && a.step === b.step;

/** Whether its worker works on a share of this round, in time. */
const isTimely = (assignment: Assignment, round: Round): boolean =>
  !assignment.isLate && isSameRound(assignment.round, round);
