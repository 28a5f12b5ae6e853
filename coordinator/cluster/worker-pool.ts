import type { Clock } from '../../shared/clock.ts';
import { guardedLink } from '../../shared/protocol/guarded-link.ts';
import { WORKERS_MAX } from '../../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../../shared/protocol/link.ts';
import type { Hello } from '../../shared/protocol/messages.ts';
import { addHalves } from '../../shared/round/node-sum.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Round, Workload } from '../../shared/round/workload.ts';
import type { CloseReason, RunEnd } from '../connection/close-reason.ts';
import { ConnectedWorker, type ConnectedWorkerListener } from '../connection/connected-worker.ts';
import { type Disturbance, disturbable } from '../connection/disturbance.ts';
import { meteredLink } from '../connection/metered-link.ts';
import { ThreadWorker, type ThreadWorkerOptions } from '../connection/thread-worker.ts';
import type { Worker } from '../connection/worker.ts';
import { KILLED, type MemberControls } from '../control/controlled.ts';
import { type BufferPool, createBufferPool } from '../reduction/buffer-pool.ts';
import {
  createCounters,
  createRefusalCounters,
  type PoolCounters,
  type PoolEvent,
  type RefusalCounters,
} from '../reporting/pool-events.ts';
import { type AuditChoice, createAuditPolicy } from '../scheduling/audit-policy.ts';
import {
  createMember,
  isReady,
  labelOf,
  type Member,
  markLeaving,
  shareOf,
  statusOf,
  type WorkerStatus,
} from '../scheduling/member.ts';
import { describeRound } from '../scheduling/pending-share.ts';
import {
  type RoundUnderWay,
  ShareDispatcher,
  type ShareDispatcherOptions,
} from '../scheduling/share-dispatcher.ts';
import type { GradientSource, RoundSum, UpdateByParts } from '../training/gradient-source.ts';
import {
  type Admission,
  createAdmission,
  freeRank,
  labelFor,
  leastProven,
  type RefusedWorker,
} from './admission.ts';
import { controlsFor } from './member-controls.ts';
import { createShortageCheck, MembershipWatch } from './membership-watch.ts';
import { createNewcomerCheck, type NewcomerCheck } from './newcomer-check.ts';
import { createPoolNotices, type PoolNotices } from './pool-notices.ts';

/*
 * Who takes part. The pool is the cluster's gradient source: the training loop asks it for sums and
 * cannot tell it from a `LocalSource`.
 *
 *   connect ──hello──► admitted: a Member ──ready──► in the world size, gets shares ──► removed
 *                │                           │
 *                └───────────────────────────┴──► refused: the connection is closed, and the
 *                                                 reason is reported
 *
 * Each event of a connection comes here first. The pool keeps the members, and passes on what
 * concerns the round: to the `ShareDispatcher`, which decides who computes what.
 *
 * Who calls whom in the middle of whom. The dispatcher may expel a member while it handles a sum.
 * That closes the connection, which calls `#remove`, which calls the dispatcher's `replace`. A
 * promise of `sum` may therefore be resolved inside any call to the dispatcher.
 *
 * Invariants.
 *   1. A member is in `#members` from its admission until its connection is gone.
 *   2. After every change of the membership, the dispatcher and all waiting promises look again.
 */

export interface WorkerPoolOptions
  extends Pick<ShareDispatcherOptions, 'engine' | 'recompute' | 'chunkBytes'> {
  readonly clock: Clock;
  readonly config: RunConfig;
  readonly workload: Workload;
  /** Whether the token of a hello is the right one. */
  readonly isTokenValid: (token: string | undefined) => boolean;
  /** Makes a text that nobody can guess. */
  readonly makeIdentity: () => string;
  /** See `AdmissionOptions`. */
  readonly isGuestToken?: ((token: string | undefined) => boolean) | undefined;
  /** Which sums are checked. Undefined: only those of guests. */
  readonly audit?: AuditChoice | undefined;
  /** Which sums of guests are checked. Undefined: as for all. */
  readonly guestAudit?: AuditChoice | undefined;
  /** See `ConnectedWorkerOptions`. */
  readonly chunkBytesMin?: number;
  /** The run fails after so long with too few workers. Undefined: it waits. */
  readonly workerTimeoutMs?: number | undefined;
  readonly report: (event: PoolEvent) => void;
}

/** Threads of this process that work together as one worker. */
export type OwnThreads = Pick<ThreadWorkerOptions, 'identity' | 'threads' | 'usage'>;

/** A worker of such threads, as whoever has started them sees it. */
export interface ConnectedThreads {
  /** Resolves to the reason when it takes no part anymore: its threads are no longer needed. */
  readonly gone: Promise<string>;
  /** Finishes its share, if there is one, and is gone then. */
  leave(): void;
  /** Is gone now: the threads have ended, or will end. */
  end(reason: string): void;
  /** See `Disturbance`. */
  hold(milliseconds: number): void;
}

/** The cluster as a gradient source. */
export class WorkerPool implements GradientSource {
  readonly #options: WorkerPoolOptions;
  /** All open connections, of members and of peers that have not said hello. */
  readonly #connections = new Set<Worker>();
  readonly #members = new Set<Member>();
  readonly #disturbances = new WeakMap<Worker, Disturbance>();
  /** The members that are ready, by rank. Undefined after a change of the membership. */
  #ready: Member[] | undefined;
  readonly #admission: Admission;
  readonly #newcomers: NewcomerCheck;
  readonly #counters = createCounters();
  readonly #refusals = createRefusalCounters();
  readonly #notices: PoolNotices;
  readonly #buffers: BufferPool;
  readonly #dispatcher: ShareDispatcher;
  readonly #membership = new MembershipWatch();
  #previousRoot: Float32Array | undefined;
  #end: RunEnd | undefined;
  /** Fails the sum under way. */
  #fail: (error: unknown) => void = () => {};

  constructor(options: WorkerPoolOptions) {
    const { clock, config, engine, audit, guestAudit } = options;
    this.#options = options;
    this.#notices = createPoolNotices(clock, config.microBatchCount, options.report);
    this.#admission = createAdmission({ ...options, numerics: config.numerics });
    this.#newcomers = createNewcomerCheck(engine, config);
    const { isSuspect } = this.#admission;
    this.#buffers = createBufferPool(engine.allocate);
    this.#dispatcher = new ShareDispatcher({
      ...options,
      buffers: this.#buffers,
      counters: this.#counters,
      checkOf: createAuditPolicy({ all: audit, guests: guestAudit, isSuspect }),
      auditsAll: audit !== undefined,
      readyMembers: () => this.#readyMembers(),
      expel: (member, message) => {
        const isOurDoing = this.#disturbances.get(member.worker)?.isCorrupting;
        this.#admission.expel(member, isOurDoing);
        member.worker.close({ why: 'refused', message });
      },
    });
  }

  get worldSize(): number {
    return this.#readyMembers().length;
  }

  get counters(): Readonly<PoolCounters> {
    return this.#counters;
  }

  get refusals(): Readonly<RefusalCounters> {
    return this.#refusals;
  }

  /** The round that the workers compute now. */
  get roundUnderWay(): RoundUnderWay | undefined {
    return this.#dispatcher.roundUnderWay;
  }

  /** Everybody who was admitted, by rank. */
  workers(): WorkerStatus[] {
    return this.#byRank().map(statusOf);
  }

  /** What can be done to everybody who was admitted, by rank. */
  controls(): MemberControls[] {
    return this.#byRank().flatMap((member) => {
      const disturbance = this.#disturbances.get(member.worker);
      return disturbance ? controlsFor(member, disturbance, () => this.#drain(member)) : [];
    });
  }

  /** Issues an identity for a worker that this process is about to start. */
  issueIdentity(): string {
    return this.#admission.issueOwn();
  }

  /** To be called before the worker with this identity is killed. */
  noteKilled(identity: string): void {
    this.#admission.noteKilled(identity);
  }

  /** Takes over a new connection. */
  connect(openLink: (listener: LinkListener) => Link): void {
    const { clock, config, workload, engine, chunkBytesMin } = this.#options;
    const guarded = guardedLink(openLink, (error) => this.#survive(error));
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    this.#add(
      (listener) =>
        new ConnectedWorker(meteredLink(guarded, this.#counters, traffic), {
          clock,
          traffic,
          config,
          challenge: this.#newcomers.challenge,
          workload,
          chunkBytesMin,
          unpackBfloat16: engine.kernels.unpackBfloat16,
          acquire: this.#buffers.acquire,
          release: (vector) => this.#release(vector),
          listener,
        }),
    );
  }

  /** Takes over a worker whose threads compute in this process, in the memory of the engine. */
  connectThreads(own: OwnThreads): ConnectedThreads {
    const { clock, workload, engine } = this.#options;
    const worker = this.#add(
      (listener) =>
        new ThreadWorker({
          ...own,
          clock,
          workload,
          addHalves: (kind, node, left, right) =>
            addHalves(engine.kernels, workload, kind, node, left, right),
          acquire: this.#buffers.acquire,
          release: this.#buffers.release,
          listener,
          onFault: (error) => this.#survive(error),
        }),
    );
    const hold = (milliseconds: number) => this.#disturbances.get(worker)?.hold(milliseconds);
    return {
      gone: worker.gone,
      leave() {
        hold(0);
        worker.askToLeave();
      },
      end: (reason) => worker.end(reason),
      hold,
    };
  }

  #add<W extends Worker>(create: (listener: ConnectedWorkerListener) => W): W {
    const { listener, disturbance } = disturbable({
      clock: this.#options.clock,
      listener: this.#createListener(() => worker),
      release: (vector) => this.#release(vector),
      onFault: (error) => {
        worker.close({ why: 'timeout', message: 'a fault of the coordinator' });
        this.#survive(error);
      },
    });
    const worker = create(listener);
    this.#disturbances.set(worker, disturbance);
    this.#connections.add(worker);
    return worker;
  }

  /** `workerOf` is called only when something happens to the worker. */
  #createListener(workerOf: () => Worker): ConnectedWorkerListener {
    let member: Member | undefined;
    return {
      onHello: (hello) => {
        const refusal = this.#refusalOf(hello, workerOf());
        if (refusal) return refusal;
        member = this.#admit(hello, workerOf());
        const { rank, identity } = member;
        return { rank, identity };
      },
      onAnswer: (answer) => {
        const message = this.#newcomers.refusalOf(answer);
        if (!member || message === undefined) return undefined;
        const { name } = member;
        this.#members.delete(member);
        member = undefined;
        return this.#refuse(name, { reason: 'arithmetic', message });
      },
      onReady: () => member && this.#join(member),
      onArrivingSum: (sum) => {
        // A guest's sum may have to be checked, as a whole.
        if (!member?.isGuest) this.#dispatcher.extend(sum);
      },
      onPartialSum: (sum) => {
        if (!member) return;
        this.#dispatcher.receive(member, sum);
        if (member.state.name === 'leaving') this.#letGoIfDone(member);
      },
      onDuplicate: () => this.#counters.duplicateAnswers++,
      onLeaving: () => member && this.#drain(member),
      onGone: (reason) => {
        this.#connections.delete(workerOf());
        if (member) this.#remove(member, reason);
      },
    };
  }

  /** Takes back the vector of a sum that will not be used, even if parts of it were. */
  #release(vector: Float32Array): void {
    this.#dispatcher.discard(vector);
    this.#buffers.release(vector);
  }

  async sum(
    round: Round,
    parameters: Float32Array,
    signal: AbortSignal,
    update?: UpdateByParts,
  ): Promise<RoundSum> {
    if (this.#previousRoot) this.#buffers.release(this.#previousRoot);
    this.#previousRoot = undefined;
    try {
      const sum = await this.#membership.until<RoundSum>(signal, (resolve, reject) => {
        this.#fail = reject;
        this.#dispatcher.begin(round, parameters, resolve, update);
        return this.#createShortageCheck(1, reject, round);
      });
      this.#previousRoot = sum.root;
      return sum;
    } finally {
      this.#dispatcher.abandon();
    }
  }

  /**
   * Resolves when `count` workers are ready. Rejects with `signal.reason` when aborted, and after
   * `workerTimeoutMs`.
   */
  waitForWorkers(count: number, signal: AbortSignal): Promise<void> {
    return this.#membership.until<void>(signal, (resolve, reject) => {
      const shortage = this.#createShortageCheck(count, reject);
      return {
        ...shortage,
        check: () => {
          shortage.check();
          if (this.worldSize >= count) resolve();
        },
      };
    });
  }

  /** Sends all workers home: for good if the run is over, else to come back later. */
  close(end: RunEnd): void {
    this.#end = end;
    for (const connection of [...this.#connections]) connection.close(end);
  }

  /**
   * An error was thrown in the middle of handling a frame. The frame's connection is closed. No sum
   * of the round can be trusted anymore, so the round begins again.
   */
  #survive(error: unknown): void {
    this.#notices.fault(error);
    try {
      this.#dispatcher.restart();
    } catch (fault) {
      this.#fail(fault);
    }
  }

  #byRank(): Member[] {
    return [...this.#members].sort((a, b) => a.rank - b.rank);
  }

  #readyMembers(): readonly Member[] {
    this.#ready ??= this.#byRank().filter(isReady);
    return this.#ready;
  }

  #refusalOf(hello: Hello, { address }: Worker): CloseReason | undefined {
    const refusal = this.#admission.refusalOf(hello, address);
    if (refusal) return this.#refuse(hello.name, refusal);
    if (this.#members.size >= WORKERS_MAX)
      leastProven(this.#members)?.worker.close({ why: 'full' });
    if (this.#members.size < WORKERS_MAX) return undefined;
    this.#refusals.full++;
    return { why: 'full' };
  }

  #refuse(name: string, { reason, message }: RefusedWorker): CloseReason {
    this.#counters.refusedWorkers++;
    this.#refusals[reason]++;
    this.#notices.refused(name, message);
    return { why: 'refused', message };
  }

  #admit(hello: Hello, worker: Worker): Member {
    const { name, pid, threads, runtime = 'unknown' } = hello;
    const admittedAt = this.#options.clock.now();
    const identity = this.#admission.identify(hello, worker.address);
    const member = createMember({
      worker,
      rank: freeRank(this.#members),
      name,
      ...(pid !== undefined && { pid }),
      ...(threads !== undefined && { threads }),
      runtime,
      admittedAt,
      label: labelFor(hello),
      ...identity,
      trialAt: admittedAt + this.#admission.trialDelayMs(identity.origin),
    });
    this.#members.add(member);
    return member;
  }

  #join(member: Member): void {
    member.state = { name: 'idle' };
    this.#ready = undefined;
    this.#counters.joinedWorkers++;
    const { worldSize } = this;
    const { runtime } = member;
    const ready = { ...labelOf(member), runtime, worldSize };
    this.#options.report({ event: 'worker', state: 'ready', ...ready });
    this.#notices.worldSize(worldSize);
    this.#dispatcher.dispatch();
    this.#membership.changed();
  }

  #drain(member: Member): void {
    if (isReady(member)) markLeaving(member);
    this.#letGoIfDone(member);
  }

  #letGoIfDone(member: Member): void {
    if (!shareOf(member)) member.worker.close({ why: 'drained' });
  }

  #remove(member: Member, described: string): void {
    const reason = this.#admission.isKilled(member.identity) ? KILLED : described;
    this.#members.delete(member);
    this.#ready = undefined;
    if (!isReady(member)) {
      if (this.#end) return;
      this.#counters.unreadyWorkers++;
      return this.#notices.unready(member.name, reason);
    }
    if (member.hasAnswered || shareOf(member)) this.#admission.noteGone(member);
    this.#counters.leftWorkers++;
    const left = {
      ...labelOf(member),
      worldSize: this.worldSize,
      reason: this.#end?.why ?? reason,
    };
    this.#options.report({ event: 'worker', state: 'left', ...left });
    this.#notices.worldSize(this.worldSize);
    this.#dispatcher.replace(member);
    this.#membership.changed();
  }

  /** Fails after `workerTimeoutMs` with too few workers: in a round, or before the first one. */
  #createShortageCheck(needed: number, fail: (error: Error) => void, round?: Round) {
    const { clock, workerTimeoutMs: timeoutMs } = this.#options;
    const { alone, gathering } = this.#notices;
    const worldSize = () => this.worldSize;
    const what = round && describeRound(round);
    return createShortageCheck(
      {
        clock,
        worldSize,
        needed,
        timeoutMs,
        onShort: () => what && alone(what),
        onStillShort: (waitedMs) =>
          what
            ? alone(what, waitedMs)
            : gathering(this.worldSize, this.#members.size, needed, waitedMs),
      },
      fail,
    );
  }
}
