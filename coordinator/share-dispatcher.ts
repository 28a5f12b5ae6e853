import { assert } from '../shared/assert.ts';
import type { Clock } from '../shared/clock.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { addHalves } from '../shared/node-sum.ts';
import { chunkBytesFor } from '../shared/protocol/chunks.ts';
import { CLOSE } from '../shared/protocol/link.ts';
import type { ShareTiming } from '../shared/protocol/messages.ts';
import { describeLeaves, isSameNode, type LeafRange, subtract } from '../shared/reduction-tree.ts';
import type { Round, Workload } from '../shared/workload.ts';
import {
  type Assignment,
  beginAssignment,
  describeRound,
  describeShare,
  isSameRound,
  isTimely,
} from './assignment.ts';
import { AuditedSum, type Opinion, type RootStream } from './audited-sum.ts';
import { createBroadcaster } from './broadcast.ts';
import type { Answer, GrowingAnswer } from './connected-worker.ts';
import type { RoundSum, UpdateByParts } from './gradient-source.ts';
import type { Member } from './member.ts';
import { planShares } from './planner.ts';
import type { PoolCounters, PoolEvent, PoolNotice } from './pool-events.ts';
import { createRoundTimer, type RoundTimer } from './round-timer.ts';
import { StepBroadcasts } from './step-broadcasts.ts';
import { createStragglerDeadline } from './straggler-deadline.ts';
import { measure, measureExchange, plannedSpeeds, trust } from './throughput.ts';
import type { VectorStore } from './vector-store.ts';
import { watchWaiting } from './waiting-notice.ts';

export interface ShareDispatcherOptions {
  readonly clock: Clock;
  readonly workload: Workload;
  readonly vectors: VectorStore;
  /** The members that are ready, in the order of their ranks. */
  readonly readyMembers: () => readonly Member[];
  /** Adds sums up, and looks them over; the vectors are its own. */
  readonly engine: Engine;
  /** Computes a node's sum in this process: the judge of workers whose sums are doubtful. */
  readonly recompute: (round: Round, node: LeafRange, parameters: Float32Array) => Float32Array;
  /** Whether a sum is to be computed by a second worker too; asked for each. Undefined: no sum is. */
  readonly isAudited?: (() => boolean) | undefined;
  /** How long a chunk of the parameters is, in bytes, if that is not to follow from the links. */
  readonly chunkBytes?: number;
  /** A member gave a wrong sum: it must go, and stay away. */
  readonly onWrongSum: (member: Member, reason: string) => void;
  readonly counters: PoolCounters;
  readonly report: (event: PoolEvent) => void;
}

interface CurrentRound {
  readonly round: Round;
  readonly parameters: Float32Array;
  readonly sum: AuditedSum;
  readonly timer: RoundTimer;
  readonly waiting: { cancel(): void };
  readonly onSum: (sum: RoundSum) => void;
}

/** Carries out one round at a time: hands out its leaves, takes the sums back, and lets no worker hold it up. */
export class ShareDispatcher {
  readonly #options: ShareDispatcherOptions;
  readonly #deadlines = createStragglerDeadline();
  readonly #broadcasts: StepBroadcasts;
  #current: CurrentRound | undefined;
  #hasSaidAlone = false;
  /** Of the time of a training step's share, that without computing. */
  #exchangePart = 0;

  constructor(options: ShareDispatcherOptions) {
    this.#options = options;
    const createBroadcast = createBroadcaster(options.engine, options.workload);
    this.#broadcasts = new StepBroadcasts((step) =>
      createBroadcast(step, options.chunkBytes ?? chunkBytesFor(this.#isLocal)),
    );
  }

  /**
   * Begins a round; `onSum` gets its sum, whose root belongs to the caller from then on. With `update` its parts are
   * updated, and sent to the workers, while the rest is still coming in; unless sums are audited first.
   */
  begin(
    round: Round,
    parameters: Float32Array,
    onSum: (sum: RoundSum) => void,
    update?: UpdateByParts,
  ): void {
    assert(this.#current === undefined, 'one round at a time');
    const { clock, workload, engine, vectors, recompute, isAudited, counters } = this.#options;
    const timer = createRoundTimer(clock);
    const sum = new AuditedSum({
      ...{ counters, vectors, leafCount: workload.leafCount(round.kind) },
      ...{ isAllFinite: engine.kernels.isAllFinite, isSelected: isAudited ?? (() => false) },
      addHalves: (node, half, otherHalf, from) =>
        addHalves(engine.kernels, workload, round.kind, node, half, otherHalf, from),
      judge: (node) => recompute(round, node, parameters),
      // Workers on this machine want the processors that the parts are added up, updated and sent with.
      stream: update && !isAudited && !this.#isLocal ? this.#createStream(round, timer, update) : undefined,
    });
    const waiting = watchWaiting(clock, (waitedMs) => this.#noticeWaiting(round, waitedMs));
    this.#current = { round, parameters, sum, onSum, timer, waiting };
    this.#broadcasts.begin(round.step);
    this.dispatch();
    this.#trustIdleMembers(round);
  }

  /** Ends the round, if there is one, without its sum. */
  abandon(): void {
    this.#current?.sum.clear();
    this.#end();
  }

  /**
   * Gives the leaves that nobody works on to the members that owe nothing. To be called whenever either may have
   * changed; `cause` is told to people together with who got what.
   */
  dispatch(cause?: { code: 'late' | 'reassigned'; what: string }): void {
    const current = this.#current;
    if (!current) return;
    const given = this.#assignMissing(current);
    if (cause) {
      this.#options.counters.reassignedShares += given.length;
      const whereTo = given.join(', ') || 'nobody is free to compute them yet';
      this.#notice(cause.code, `${cause.what}; ${whereTo}`);
    }
    this.#assignAudits(current);
    this.#finishIfWhole(current);
  }

  /** Adds up what has come of a sum so far. */
  grow({ round, node, vector, length }: GrowingAnswer): void {
    const current = this.#current;
    if (!current || !isSameRound(round, current.round)) return;
    current.timer.timeReduction(() => current.sum.grow(node, vector, length));
  }

  /** The sum that is coming into `vector` will not be whole. */
  forget(vector: Float32Array): void {
    this.#current?.sum.forget(vector);
  }

  /** Takes the sum of a node from a member that owes it. */
  receive(member: Member, { round, node, vector, isLast, timing }: Answer): void {
    if (isLast) this.#settle(member, timing);
    const current = this.#current;
    if (current && isSameRound(round, current.round)) {
      current.timer.timeReduction(() => {
        this.#condemn(current.sum.offer({ author: member, node, vector }), node, current);
      });
    } else {
      this.#options.counters.staleAnswers++;
      this.#options.vectors.release(vector);
    }
    this.dispatch();
  }

  /** Gives what a member that is gone owed to the others. */
  replace({ rank, assignment }: Member): void {
    assignment?.cancelTimers();
    const hasOpenWork = assignment && this.#current && isTimely(assignment, this.#current.round);
    if (!hasOpenWork) return this.dispatch();
    this.dispatch({ code: 'reassigned', what: `rank ${rank} lost with ${describeShare(assignment)}` });
  }

  #assignMissing(current: CurrentRound): string[] {
    const { round } = current;
    return this.#unclaimedLeaves(current).flatMap((range) => {
      const available = this.#availableMembers();
      const idle = available.filter(({ assignment }) => !assignment);
      // Members that will soon be free keep their part, so that the first one to finish does not get it all.
      const busy = available.filter(({ assignment }) => assignment && isTimely(assignment, round));
      const throughputs = [...idle, ...busy].map((member) => member.throughputs[round.kind]);
      const exchangePart = round.kind === 'train' ? this.#exchangePart : 0;
      const shares = planShares(range, plannedSpeeds(throughputs), exchangePart);
      return idle.flatMap((member, index) => {
        if (shares[index].lo === shares[index].hi) return [];
        this.#assign(member, current, shares[index]);
        return [`${describeLeaves(shares[index])} to rank ${member.rank}`];
      });
    });
  }

  /** Finds somebody to compute each held sum once more; where nobody can, the coordinator does it. */
  #assignAudits(current: CurrentRound): void {
    for (const held of current.sum.held) {
      // To judge one sum may end the round, and with it all others.
      if (!current.sum.held.includes(held)) continue;
      const others = this.#options.readyMembers().filter(({ identity }) => identity !== held.author.identity);
      const isAuditing = ({ assignment }: Member) =>
        assignment && isTimely(assignment, current.round) && isSameNode(assignment.share, held.node);
      if (others.some(isAuditing)) continue;
      const idle = others.find(({ assignment, isLeaving }) => !assignment && !isLeaving);
      if (idle) this.#assign(idle, current, held.node);
      else if (!others.some(({ assignment }) => assignment && isTimely(assignment, current.round)))
        this.#judge(held, current, others.length === 0);
    }
  }

  #judge(held: Opinion, current: CurrentRound, isAlone: boolean): void {
    if (isAlone && !this.#hasSaidAlone) {
      const how = 'the coordinator computes its sums once more itself, and training waits for that';
      this.#notice('audit', `rank ${held.author.rank} is alone, no other worker can audit it: ${how}`);
    }
    this.#hasSaidAlone = isAlone;
    this.#condemn(current.sum.judge(held), held.node, current);
  }

  #condemn(members: readonly Member[], node: LeafRange, { round }: CurrentRound): void {
    for (const member of members) {
      const what = `a wrong sum over ${describeLeaves(node)} of ${describeRound(round)}`;
      const consequence = 'it is removed and refused, and what it gave in this round is computed again';
      this.#notice('audit', `rank ${member.rank} (${member.name}) gave ${what}: ${consequence}`);
      this.#options.onWrongSum(member, `it gave ${what}`);
    }
  }

  /** Sends the parameters of the next step, as far as they are known, to those who have computed their part of this one. */
  #createStream({ step }: Round, timer: RoundTimer, update: UpdateByParts): RootStream {
    return {
      take: ({ root, from, to }) => {
        const parameters = update.take(root, from, to);
        timer.timeBroadcast(() => {
          const known = this.#broadcasts.part(step + 1, parameters, to);
          for (const { worker, parametersStep } of this.#availableMembers())
            if (parametersStep === step && worker.isFree) worker.sendParameters(known);
        });
      },
      takeBack: () => {
        update.takeBack();
        this.#broadcasts.takeBack();
      },
    };
  }

  #finishIfWhole(current: CurrentRound): void {
    const root = current.sum.root();
    if (!root || this.#current !== current) return;
    const { sum, timer, onSum } = current;
    this.#deadlines.recordRound(current.round.kind, this.#options.clock.now() - timer.startedAt);
    this.#end();
    onSum({ root, contributions: sum.contributions, timing: timer.timing });
  }

  #end(): void {
    this.#current?.waiting.cancel();
    this.#current = undefined;
  }

  /** A worker that is too slow for a share in this round will have one in some later round, and be measured again. */
  #trustIdleMembers({ kind }: Round): void {
    for (const { assignment, throughputs } of this.#availableMembers()) {
      const known = throughputs[kind];
      if (!assignment && known) throughputs[kind] = trust(known);
    }
  }

  /** Whether no worker is on another machine. */
  get #isLocal(): boolean {
    return this.#options.readyMembers().every(({ worker }) => worker.isLocal);
  }

  #availableMembers(): Member[] {
    return this.#options.readyMembers().filter(({ isLeaving }) => !isLeaving);
  }

  #unclaimedLeaves({ round, sum }: CurrentRound): LeafRange[] {
    let unclaimed = sum.missing();
    for (const { assignment } of this.#options.readyMembers()) {
      if (!assignment || !isTimely(assignment, round)) continue;
      unclaimed = unclaimed.flatMap((range) => subtract(range, assignment.share));
    }
    return unclaimed;
  }

  #assign(member: Member, current: CurrentRound, share: LeafRange): void {
    const { clock, workload } = this.#options;
    const { round, timer } = current;
    timer.timeBroadcast(() => {
      if (member.parametersStep !== round.step) {
        member.worker.sendParameters(this.#broadcasts.whole(round.step, current.parameters));
        member.parametersStep = round.step;
      }
      member.worker.sendShare(round, share);
    });

    const exampleCount = workload.exampleCount(round, share);
    const throughput = member.throughputs[round.kind];
    const expectedMs = throughput && (exampleCount / throughput.examplesPerSecond) * 1000;
    const deadlineMs = this.#deadlines.deadlineMs(round.kind, expectedMs);
    member.assignment = beginAssignment(
      clock,
      { round, share, exampleCount, expectedMs },
      deadlineMs,
      (assignment) => this.#handleLate(member, assignment, deadlineMs),
      (reason) => member.worker.drop(CLOSE.timeout, 'TIMEOUT', reason),
    );
  }

  #handleLate(member: Member, assignment: Assignment, deadlineMs: number): void {
    if (!this.#current || !isSameRound(assignment.round, this.#current.round)) return;
    this.#options.counters.lateShares++;
    const waitedMs = this.#options.clock.now() - assignment.sentAt;
    const times = `${Math.round(waitedMs)} ms, deadline ${Math.round(deadlineMs)} ms`;
    const isAlone = this.#availableMembers().every((other) => other === member);
    const what = `rank ${member.rank} late with ${describeShare(assignment)} (${times})`;
    this.dispatch(isAlone ? undefined : { code: 'late', what });
  }

  #noticeWaiting(round: Round, waitedMs: number): void {
    const owing = this.#options.readyMembers().filter(({ assignment }) => assignment);
    const who = owing.map(({ rank, assignment }) => `rank ${rank}${assignment?.isLate ? ' (late)' : ''}`);
    const message = `${describeRound(round)} waits for ${who.join(', ')}, ${Math.round(waitedMs / 1000)} s now`;
    if (owing.length > 0) this.#notice('waiting', message);
  }

  /** The member owes nothing more: its share measures it. */
  #settle(member: Member, timing: ShareTiming | undefined): void {
    const { assignment } = member;
    assert(assignment !== undefined, 'only a member that owes a share can settle it');
    const { round, exampleCount, expectedMs, sentAt } = assignment;
    assignment.cancelTimers();
    member.assignment = undefined;
    if (exampleCount === 0) return;
    const actualMs = Math.max(this.#options.clock.now() - sentAt, 1e-3);
    const current = this.#current;
    if (current && isSameRound(round, current.round)) {
      const { rank, worker } = member;
      const times = { roundTripMs: actualMs, clockOffsetMs: worker.clockOffsetMs, ...timing };
      current.timer.answered({ rank, examples: exampleCount, ...times }, sentAt);
    }
    if (expectedMs !== undefined) this.#deadlines.recordShare(expectedMs, actualMs);
    if (timing && round.kind === 'train')
      this.#exchangePart = measureExchange(this.#exchangePart, timing.computeMs, actualMs);
    member.throughputs[round.kind] = measure(
      member.throughputs[round.kind],
      (exampleCount / actualMs) * 1000,
    );
  }

  #notice(code: PoolNotice, message: string): void {
    this.#options.report({ event: 'notice', code, message });
  }
}
