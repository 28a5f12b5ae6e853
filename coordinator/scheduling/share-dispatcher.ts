import { assert } from '../../shared/assert.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { chunkBytesFor } from '../../shared/protocol/chunks.ts';
import type { ShareTiming } from '../../shared/protocol/messages.ts';
import { type LeafRange, subtract } from '../../shared/reduction-tree.ts';
import { addHalves } from '../../shared/round/node-sum.ts';
import type { Round, Workload } from '../../shared/round/workload.ts';
import { createBroadcaster } from '../connection/broadcast.ts';
import type { ArrivingSum, ReceivedSum } from '../connection/connected-worker.ts';
import { StepBroadcasts } from '../connection/step-broadcasts.ts';
import { AuditedSum, type Check, type RootStream } from '../reduction/audited-sum.ts';
import type { BufferPool } from '../reduction/buffer-pool.ts';
import { describeDifference, partsOfSum } from '../reduction/describe-difference.ts';
import { createPlausibility } from '../reduction/plausibility.ts';
import type { PoolCounters, PoolEvent, PoolNotice } from '../reporting/pool-events.ts';
import type { RoundSum, SharePurpose, UpdateByParts } from '../training/gradient-source.ts';
import { AuditScheduler } from './audit-scheduler.ts';
import {
  isLate,
  isProven,
  isStaying,
  type Member,
  markAnswered,
  markLate,
  noteAsked,
  shareOf,
  timelyShareOf,
} from './member.ts';
import {
  beginPendingShare,
  describeLeaves,
  describeRound,
  describeShare,
  isSameRound,
  type PendingShare,
} from './pending-share.ts';
import { countReissues, type ReleasedLeaves } from './reissues.ts';
import { createRoundTimer, type RoundTimer } from './round-timer.ts';
import { createSpeedEstimates } from './speed-estimates.ts';
import { chooseTrials } from './trials.ts';
import { watchWaiting } from './waiting-notice.ts';

/*
 * How a round's leaves become its sum, although workers are slow, die, come and lie.
 *
 * The problem. Every leaf must be summed by somebody, and no worker may hold the round up. Whoever
 * sums a leaf comes to the same bits, so any leaf may be given to anybody, and more than once.
 *
 * The states of a leaf in a round:
 *
 *                   assign                     receive
 *   unclaimed ─────────────────► pending ───────────────────► given ────► root
 *      ▲                            │                           │
 *      ├── the worker is lost ──────┤                           │
 *      ├── its deadline passes ─────┘ (it may still answer)     │
 *      └── the sum turns out to be wrong ───────────────────────┘
 *
 * `dispatch` is the one place that decides. It looks at the present state alone: it divides the
 * unclaimed leaves among the members that owe nothing, assigns audits, and ends the round once the
 * root is known. It is called after every event that could change its answer: a round begins, a
 * member joins or is lost, a sum arrives, a deadline passes.
 *
 * Calls come from the pool, from timers, and from the middle of other calls: expelling a member
 * closes its connection, which calls `replace`, which dispatches again, and may end the round. So
 * no method trusts `#current` after a call that may do this.
 *
 * A newcomer may take a share and go. Until it has answered one, its share is a trial: the members
 * that have answered compute all leaves, and nobody waits for a newcomer. If there are only
 * newcomers, as at the beginning, their shares count.
 *
 * Invariants.
 *   1. A member owes at most one share, and gets another one only after it has answered.
 *   2. A member computes with the parameters of the round's step: they are sent before the share.
 *   3. Who answers first decides who is asked next, and no bit of the root.
 *
 * Other files do parts of the work. `audit-scheduler` decides who checks whose sum. `planner`
 * decides how large a share is, and `straggler-deadline` when it is late. `speed-estimates` gives
 * both what was measured. `pending-share` has the timers.
 */

export interface ShareDispatcherOptions {
  readonly clock: Clock;
  readonly workload: Workload;
  readonly buffers: BufferPool;
  /** The members that are ready, by rank. */
  readonly readyMembers: () => readonly Member[];
  /** Adds sums, and checks that they are finite. All buffers are in its memory. */
  readonly engine: Engine;
  /** Computes a node's sum in this process, where a worker's sum is doubtful. */
  readonly recompute: (round: Round, node: LeafRange, parameters: Float32Array) => Float32Array;
  /** How a sum is checked; asked for each sum. */
  readonly checkOf: (author: Member) => Check;
  /** Whether anybody's sums may be checked, and not only those of guests. */
  readonly auditsAll: boolean;
  /** The size of the parameters' chunks, in bytes. By default it follows from the links. */
  readonly chunkBytes?: number;
  /** Removes a member that gave a wrong sum, and keeps it away. */
  readonly expel: (member: Member, reason: string) => void;
  readonly counters: PoolCounters;
  readonly report: (event: PoolEvent) => void;
}

type ReassignmentCause = 'late' | 'reassigned';

interface CurrentRound {
  readonly round: Round;
  readonly parameters: Float32Array;
  readonly sum: AuditedSum<Member>;
  readonly update: UpdateByParts | undefined;
  readonly timer: RoundTimer;
  readonly waiting: { cancel(): void };
  readonly onSum: (sum: RoundSum) => void;
  /** Whether it began with newcomers only. */
  readonly reliesOnAll: boolean;
  /** Whether the parameters may change before it ends, by parts of its sum. */
  readonly isStreamed: boolean;
  /** All shares that were assigned, except audits. */
  readonly assigned: LeafRange[];
  /** The leaves that were taken from the members that had them, oldest first. */
  readonly released: ReleasedLeaves[];
  /** Why people were told that nobody is free to compute some unclaimed leaves. */
  shortOfMembers?: ReassignmentCause | undefined;
}

/** A round that is not done yet. */
export interface RoundUnderWay extends Pick<RoundTimer, 'startedAt' | 'timing'> {
  readonly round: Round;
}

/** Carries out one round at a time: hands out its leaves and takes their sums. */
export class ShareDispatcher {
  readonly #options: ShareDispatcherOptions;
  readonly #speeds = createSpeedEstimates();
  readonly #audits: AuditScheduler;
  readonly #broadcasts: StepBroadcasts;
  #current: CurrentRound | undefined;

  constructor(options: ShareDispatcherOptions) {
    const { engine, workload, chunkBytes, expel } = options;
    this.#options = options;
    const createBroadcast = createBroadcaster(engine, workload);
    this.#broadcasts = new StepBroadcasts((step) =>
      createBroadcast(step, chunkBytes ?? chunkBytesFor(this.#isLocal)),
    );
    this.#audits = new AuditScheduler({
      readyMembers: options.readyMembers,
      reliableMembers: () => this.#reliableMembers(),
      expel,
      assign: (member, node) => this.#current && this.#assign(member, this.#current, node, 'audit'),
      notify: (message) => this.#notify('audit', message),
    });
  }

  /**
   * Begins a round. `onSum` gets its sum and owns the root from then on. With `update`, parts of
   * the root are applied and sent to the workers while the rest arrives, unless sums are audited.
   */
  begin(
    round: Round,
    parameters: Float32Array,
    onSum: (sum: RoundSum) => void,
    update?: UpdateByParts,
  ): void {
    assert(this.#current === undefined, 'one round at a time');
    const timer = createRoundTimer(this.#options.clock);
    const isStreamed = update !== undefined && this.#canStream;
    this.#current = {
      round,
      parameters,
      sum: this.#createSum(round, parameters, timer, isStreamed ? update : undefined),
      update,
      isStreamed,
      timer,
      waiting: watchWaiting(this.#options.clock, (waitedMs) =>
        this.#noticeWaiting(round, waitedMs),
      ),
      onSum,
      reliesOnAll: !this.#stayingMembers().some(isProven),
      assigned: [],
      released: [],
    };
    this.#broadcasts.begin(round.step, parameters);
    this.dispatch();
    timer.handedOut();
    for (const member of this.#options.readyMembers()) {
      if (member.state.name !== 'idle') continue;
      this.#speeds.recordNoShare(round.kind, member);
      noteAsked(member, round, 0);
    }
  }

  /** The round under way, and its times so far. */
  get roundUnderWay(): RoundUnderWay | undefined {
    if (!this.#current) return undefined;
    const { round, timer } = this.#current;
    return { round, startedAt: timer.startedAt, timing: timer.timing };
  }

  /** Begins the round again, if there is one, without all the sums that it has. */
  restart(): void {
    const current = this.#current;
    if (!current) return;
    const { round, parameters, timer, update } = current;
    if (update) this.#rollBack(update);
    const sum = this.#createSum(round, parameters, timer, undefined);
    this.#current = { ...current, sum, isStreamed: false };
    this.dispatch();
  }

  /** Ends the round, if there is one, without its sum. */
  abandon(): void {
    this.#current?.sum.clear();
    this.#end();
  }

  /**
   * Assigns the leaves that nobody works on in time to members that owe nothing, and ends the round
   * once it is whole. `cause` is reported together with the new assignments.
   */
  dispatch(cause?: { code: ReassignmentCause; what: string }): void {
    const current = this.#current;
    if (!current) return;
    const whereTo = this.#assignUnclaimed(current);
    if (cause) {
      if (whereTo === '') current.shortOfMembers = cause.code;
      const answer = whereTo || 'nobody is free to compute them yet';
      this.#notify(cause.code, `${cause.what}: ${answer}`);
    } else if (whereTo !== '' && current.shortOfMembers) {
      const what = current.shortOfMembers === 'late' ? 'late' : 'lost';
      const round = describeRound(current.round);
      this.#notify(current.shortOfMembers, `${round} goes on with what was ${what}: ${whereTo}`);
      current.shortOfMembers = undefined;
    }
    this.#assignTrials(current);
    this.#audits.assignAudits(current.round, current.sum);
    this.#finishIfWhole(current);
  }

  /** Adds up what has arrived of a sum so far. */
  extend({ round, ...sum }: ArrivingSum): void {
    const current = this.#current;
    if (!current || !isSameRound(round, current.round)) return;
    current.timer.timeReduction(() => current.sum.extend(sum));
  }

  /** Forgets the sum that is arriving in `vector`: it will not be whole. */
  discard(vector: Float32Array): void {
    this.#current?.sum.discard(vector);
  }

  /** Takes a sum from a member that owes it. */
  receive(member: Member, { round, node, vector, isLast, timing }: ReceivedSum): void {
    if (isLast) this.#recordAnswer(member, timing);
    const current = this.#current;
    if (current && isSameRound(round, current.round)) {
      current.timer.arrived(member.rank, node);
      current.timer.timeReduction(() => {
        const wrongSums = current.sum.offer({ author: member, node, vector });
        this.#audits.expelAuthors(wrongSums, node, round);
      });
    } else {
      this.#options.counters.staleAnswers++;
      this.#options.buffers.release(vector);
    }
    this.dispatch();
  }

  /** Assigns the share of a member that is gone to others. */
  replace(member: Member): void {
    const share = shareOf(member);
    share?.cancelTimers();
    if (share && this.#current && isSameRound(share.round, this.#current.round))
      this.#current.timer.lost(member.rank);
    const open = this.#current && timelyShareOf(member, this.#current.round);
    if (!open) return this.dispatch();
    this.#current?.released.push({ leaves: open.leaves, reason: 'lostLeaves' });
    const what = `rank ${member.rank} was lost with ${describeShare(open)}`;
    this.dispatch({ code: 'reassigned', what });
  }

  #createSum(
    round: Round,
    parameters: Float32Array,
    timer: RoundTimer,
    update: UpdateByParts | undefined,
  ): AuditedSum<Member> {
    const { workload, engine, buffers, recompute, checkOf, counters } = this.#options;
    return new AuditedSum({
      counters,
      buffers,
      leafCount: workload.leafCount(round.kind),
      isAllBounded: engine.kernels.isAllBounded,
      checkOf,
      onChecked(author) {
        author.checkedSums++;
      },
      isPlausible: createPlausibility(engine.kernels, workload, round),
      addHalves: (node, half, otherHalf, from) =>
        addHalves(engine.kernels, workload, round.kind, node, half, otherHalf, from),
      recompute: (node) => recompute(round, node, parameters),
      describeDifference: (trueSum, wrongSum) =>
        describeDifference(partsOfSum(workload, round.kind, trueSum, wrongSum)) ?? '',
      stream: update && this.#createStream(round, timer, update),
    });
  }

  /** Sends the known parameters of the next step to the workers that are free already. */
  #createStream({ step }: Round, timer: RoundTimer, update: UpdateByParts): RootStream {
    return {
      take: ({ root, from, to }) => {
        const parameters = update.take(root, from, to);
        timer.timeBroadcast(() => {
          const known = this.#broadcasts.part(step + 1, parameters, to);
          for (const { worker, broadcast } of this.#stayingMembers())
            if (broadcast?.step === step && worker.isFree) worker.sendParameters(known);
        });
      },
      rollBack: () => this.#rollBack(update),
    };
  }

  #rollBack(update: UpdateByParts): void {
    update.rollBack();
    this.#broadcasts.rollBack();
  }

  /** Returns who got what, for people. Empty if nobody got any. */
  #assignUnclaimed(current: CurrentRound): string {
    const { round } = current;
    const given = this.#unclaimedLeaves(current).flatMap((range) => {
      const staying = this.#reliableMembers();
      const idle = staying.filter(({ state }) => state.name === 'idle');
      // Members that will soon be free keep their part: the first one to finish must not get all.
      const busy = staying.filter((member) => timelyShareOf(member, round));
      const shares = this.#speeds.plan(round.kind, range, [...idle, ...busy]);
      return idle.flatMap((member, index) => {
        const share = shares[index];
        if (share.lo === share.hi) return [];
        countReissues(this.#options.counters, current, share);
        current.assigned.push(share);
        this.#assign(member, current, share, 'need');
        return [`rank ${member.rank} computes ${describeLeaves(round, share)} now`];
      });
    });
    return given.join(', ');
  }

  #assignTrials(current: CurrentRound): void {
    const { kind } = current.round;
    const trials = chooseTrials({
      staying: this.#stayingMembers(),
      reliable: this.#reliableMembers(),
      leafCount: this.#options.workload.leafCount(kind),
      now: this.#options.clock.now(),
      plan: (leaves, members) => this.#speeds.plan(kind, leaves, members),
    });
    this.#options.counters.trialShares += trials.length;
    for (const { newcomer, leaves } of trials) this.#assign(newcomer, current, leaves, 'trial');
  }

  /** The leaves whose sum is not here and that nobody works on in time. */
  #unclaimedLeaves({ round, sum }: CurrentRound): LeafRange[] {
    const claimed = this.#options
      .readyMembers()
      .flatMap((member) => timelyShareOf(member, round) ?? []);
    return claimed.reduce(
      (ranges, { leaves }) => ranges.flatMap((range) => subtract(range, leaves)),
      sum.missing(),
    );
  }

  #assign(member: Member, current: CurrentRound, leaves: LeafRange, purpose: SharePurpose): void {
    const { clock, workload } = this.#options;
    const { round, timer } = current;
    let sentAt = 0;
    timer.timeBroadcast(() => {
      const { worker } = member;
      if (!worker.sharesMemory) {
        const broadcast = this.#broadcasts.whole(round.step, current.parameters);
        if (member.broadcast !== broadcast) worker.sendParameters(broadcast);
        member.broadcast = broadcast;
      }
      // A worker may begin before the call returns.
      sentAt = clock.now();
      worker.sendShare(round, leaves, current.parameters);
    });

    const exampleCount = workload.exampleCount(round, leaves);
    const expectedMs = this.#speeds.expectedMs(round.kind, member, exampleCount);
    const deadlineMs = this.#speeds.deadlineMs(round.kind, expectedMs);
    const share = beginPendingShare(
      clock,
      { round, leaves, exampleCount, isTrial: purpose === 'trial', sentAt, expectedMs, deadlineMs },
      () => this.#handleLate(member, share),
      (reason) => member.worker.close({ why: 'timeout', message: reason }),
    );
    timer.assigned({ rank: member.rank, leaves, deadlineMs, purpose }, sentAt);
    member.state = { name: 'computing', share };
    noteAsked(member, round, leaves.hi - leaves.lo);
  }

  #handleLate(member: Member, share: PendingShare): void {
    markLate(member);
    if (share.isTrial) return;
    if (!this.#current || !isSameRound(share.round, this.#current.round)) return;
    this.#options.counters.lateShares++;
    this.#current.released.push({ leaves: share.leaves, reason: 'lateLeaves' });
    member.lateShares++;
    const waitedMs = this.#options.clock.now() - share.sentAt;
    const deadline = `its deadline was ${Math.round(share.deadlineMs)} ms`;
    const times = `${Math.round(waitedMs)} ms so far, ${deadline}`;
    const isAlone = this.#stayingMembers().every((other) => other === member);
    const what = `rank ${member.rank} is late with ${describeShare(share)} (${times})`;
    this.dispatch(isAlone ? undefined : { code: 'late', what });
  }

  /** The member owes nothing more. Its answer measures it. */
  #recordAnswer(member: Member, timing: ShareTiming | undefined): void {
    const share = markAnswered(member);
    assert(share !== undefined, 'only a member that owes a share can answer it');
    share.cancelTimers();
    const { round, exampleCount, sentAt } = share;
    if (exampleCount === 0) return;
    const actualMs = Math.max(this.#options.clock.now() - sentAt, 1e-3);
    if (this.#current && isSameRound(round, this.#current.round)) {
      const { rank, worker } = member;
      this.#current.timer.answered(
        {
          rank,
          examples: exampleCount,
          roundTripMs: actualMs,
          clockOffsetMs: worker.clockOffsetMs,
          ...timing,
        },
        sentAt,
      );
    }
    this.#speeds.recordShare(member, share, actualMs, timing);
  }

  #finishIfWhole(current: CurrentRound): void {
    const root = current.sum.root();
    if (!root || this.#current !== current) return;
    const { round, sum, timer, onSum } = current;
    this.#speeds.recordRound(round.kind, this.#options.clock.now() - timer.startedAt);
    this.#end();
    onSum({ root, contributions: sum.contributions, timing: timer.timing });
  }

  #end(): void {
    this.#current?.waiting.cancel();
    this.#current = undefined;
  }

  /**
   * Whether the next parameters may be sent while this step's sums still arrive. On one machine
   * nothing is gained: workers want the processors that the parts would use.
   */
  get #canStream(): boolean {
    const { auditsAll, readyMembers } = this.#options;
    if (auditsAll || this.#isLocal) return false;
    return readyMembers().every(({ worker, isGuest }) => !worker.sharesMemory && !isGuest);
  }

  /** Whether all workers are processes on this machine. Browsers are slow with long messages. */
  get #isLocal(): boolean {
    return this.#options.readyMembers().every(({ worker, isGuest }) => worker.isLocal && !isGuest);
  }

  /** The members that can get shares of the round. */
  #stayingMembers(): Member[] {
    const staying = this.#options.readyMembers().filter(isStaying);
    // The parameters may change under those that have joined in the middle of a streamed round.
    return this.#current?.isStreamed
      ? staying.filter(({ worker }) => !worker.sharesMemory)
      : staying;
  }

  /** The members that the round relies on. */
  #reliableMembers(): Member[] {
    const staying = this.#stayingMembers();
    if (this.#current?.reliesOnAll) return staying;
    const proven = staying.filter((member) => isProven(member) && !isLate(member));
    return proven.length > 0 ? proven : staying;
  }

  #noticeWaiting(round: Round, waitedMs: number): void {
    const owing = this.#options.readyMembers().filter(shareOf);
    if (owing.length === 0) return;
    const who = owing.map((member) => `rank ${member.rank}${isLate(member) ? ' (late)' : ''}`);
    const seconds = Math.round(waitedMs / 1000);
    this.#notify(
      'waiting',
      `${describeRound(round)} has waited ${seconds} s for ${who.join(', ')}`,
    );
  }

  #notify(code: PoolNotice, message: string): void {
    this.#options.report({ event: 'notice', code, message });
  }
}
