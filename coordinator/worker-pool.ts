import type { Clock } from '../shared/clock.ts';
import { LockstepError } from '../shared/errors.ts';
import { PROTOCOL_VERSION } from '../shared/protocol/limits.ts';
import { CLOSE, type Link, type LinkListener } from '../shared/protocol/link.ts';
import type { Hello } from '../shared/protocol/messages.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { Round, Workload } from '../shared/workload.ts';
import { describeRound } from './assignment.ts';
import { ConnectedWorker } from './connected-worker.ts';
import type { GradientSource, RoundSum, UpdateByParts } from './gradient-source.ts';
import { freeRank, identityOf, labelOf, type Member, statusOf, type WorkerStatus } from './member.ts';
import { meteredLink } from './metered-link.ts';
import { createCounters, type PoolCounters, type PoolEvent } from './pool-events.ts';
import { ShareDispatcher, type ShareDispatcherOptions } from './share-dispatcher.ts';
import { createVectorStore, type VectorStore } from './vector-store.ts';

export interface WorkerPoolOptions
  extends Pick<ShareDispatcherOptions, 'engine' | 'recompute' | 'isAudited' | 'chunkBytes'> {
  readonly clock: Clock;
  readonly config: RunConfig;
  readonly workload: Workload;
  /** Whether the token of a hello is the right one. */
  readonly isTokenValid: (token: string | undefined) => boolean;
  /** A round without any worker fails after so long; undefined: it waits. */
  readonly workerTimeoutMs?: number | undefined;
  readonly report: (event: PoolEvent) => void;
}

/** The cluster as a gradient source: knows who takes part, and does one round after the other with them. */
export class WorkerPool implements GradientSource {
  readonly #options: WorkerPoolOptions;
  readonly #members = new Set<Member>();
  readonly #counters = createCounters();
  readonly #vectors: VectorStore;
  readonly #dispatcher: ShareDispatcher;
  /** Called after every change of the membership. */
  readonly #watchers = new Set<() => void>();
  /** The identities of workers that gave a wrong sum; they are not let in again. */
  readonly #banned = new Set<string>();
  #previousRoot: Float32Array | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#vectors = createVectorStore(options.engine.allocate);
    this.#dispatcher = new ShareDispatcher({
      ...options,
      vectors: this.#vectors,
      counters: this.#counters,
      readyMembers: () => this.#readyMembers(),
      onWrongSum: (member, reason) => {
        this.#banned.add(member.identity);
        member.worker.drop(CLOSE.refused, 'REFUSED', reason);
      },
    });
  }

  get worldSize(): number {
    return this.#readyMembers().length;
  }

  get counters(): Readonly<PoolCounters> {
    return this.#counters;
  }

  /** Everybody who was admitted, by rank. */
  workers(): WorkerStatus[] {
    return [...this.#members].sort((a, b) => a.rank - b.rank).map(statusOf);
  }

  /** Takes over a new connection. */
  connect(openLink: (listener: LinkListener) => Link): void {
    let member: Member | undefined;
    const worker = new ConnectedWorker(meteredLink(openLink, this.#counters), {
      ...this.#options,
      acquire: this.#vectors.acquire,
      release: (vector) => {
        this.#dispatcher.forget(vector);
        this.#vectors.release(vector);
      },
      widen: this.#options.engine.kernels.widen,
      listener: {
        onHello: (hello) => {
          member = this.#admit(hello, worker);
          return member.rank;
        },
        onReady: () => member && this.#join(member),
        onGrowth: (answer) => this.#dispatcher.grow(answer),
        onPartialSum: (answer) => {
          if (!member) return;
          this.#dispatcher.receive(member, answer);
          if (answer.isLast && member.isLeaving) worker.sayGoodbye('drained');
        },
        onUnasked: () => this.#counters.duplicateAnswers++,
        onLeaving: () => member && this.#drain(member),
        onGone: (reason) => member && this.#remove(member, reason),
      },
    });
  }

  async sum(
    round: Round,
    parameters: Float32Array,
    signal: AbortSignal,
    update?: UpdateByParts,
  ): Promise<RoundSum> {
    if (this.#previousRoot) this.#vectors.release(this.#previousRoot);
    this.#previousRoot = undefined;
    try {
      const sum = await this.#settled<RoundSum>(signal, (resolve, reject) => {
        this.#dispatcher.begin(round, parameters, resolve, update);
        return this.#createLonelinessCheck(round, reject);
      });
      this.#previousRoot = sum.root;
      return sum;
    } finally {
      this.#dispatcher.abandon();
    }
  }

  /** Resolves as soon as so many workers are ready; rejects with `signal.reason` when aborted. */
  waitForWorkers(count: number, signal: AbortSignal): Promise<void> {
    return this.#settled<void>(signal, (resolve) => ({
      check: () => {
        if (this.worldSize >= count) resolve();
      },
    }));
  }

  /** Sends every worker home: for good if the run is finished, else to come back later. */
  close(outcome: 'finished' | 'interrupted'): void {
    for (const { worker } of [...this.#members]) {
      if (outcome === 'finished') worker.sayGoodbye('finished');
      else worker.goAway('the coordinator stops');
    }
  }

  #readyMembers(): Member[] {
    return [...this.#members].filter(({ isReady }) => isReady).sort((a, b) => a.rank - b.rank);
  }

  #admit(hello: Hello, worker: ConnectedWorker): Member {
    const identity = identityOf(hello);
    const refusal = this.#banned.has(identity)
      ? 'it gave a wrong sum before'
      : refusalOf(hello, this.#options);
    if (refusal !== undefined) {
      this.#counters.refusedWorkers++;
      const message = `worker ${hello.name} refused: ${refusal}`;
      this.#options.report({ event: 'notice', code: 'refused', message });
      throw new LockstepError('REFUSED', refusal);
    }
    const member: Member = {
      worker,
      rank: freeRank(this.#members),
      name: hello.name,
      ...(hello.pid !== undefined && { pid: hello.pid }),
      identity,
      isReady: false,
      isLeaving: false,
      parametersStep: undefined,
      assignment: undefined,
      throughputs: {},
    };
    this.#members.add(member);
    return member;
  }

  #join(member: Member): void {
    member.isReady = true;
    this.#counters.joinedWorkers++;
    const { worldSize } = this;
    this.#options.report({ event: 'worker', state: 'ready', ...labelOf(member), worldSize });
    this.#dispatcher.dispatch();
    this.#membershipChanged();
  }

  #drain(member: Member): void {
    member.isLeaving = true;
    if (!member.assignment) member.worker.sayGoodbye('drained');
  }

  #remove(member: Member, reason: string): void {
    this.#members.delete(member);
    if (!member.isReady) return;
    this.#counters.leftWorkers++;
    const { worldSize } = this;
    this.#options.report({ event: 'worker', state: 'left', ...labelOf(member), worldSize, reason });
    this.#dispatcher.replace(member);
    this.#membershipChanged();
  }

  #membershipChanged(): void {
    for (const check of [...this.#watchers]) check();
  }

  /**
   * A promise that `begin` may settle at once or later, and that `signal` rejects. What `begin` returns is checked
   * now and after every change of the membership, and cancelled in the end.
   */
  async #settled<T>(
    signal: AbortSignal,
    begin: (
      resolve: (value: T) => void,
      reject: (error: unknown) => void,
    ) => { check(): void; cancel?(): void },
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const watcher = begin(resolve, reject);
    this.#watchers.add(watcher.check);
    watcher.check();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#watchers.delete(watcher.check);
      watcher.cancel?.();
    }
  }

  /** Says so when a round has nobody left to compute it, and fails it after the worker timeout, if there is one. */
  #createLonelinessCheck(round: Round, fail: (error: Error) => void) {
    const { clock, report, workerTimeoutMs } = this.#options;
    let cancelTimeout: (() => void) | undefined;
    const cancel = () => {
      cancelTimeout?.();
      cancelTimeout = undefined;
    };
    const check = () => {
      if (this.worldSize > 0) return cancel();
      if (cancelTimeout) return;
      const message = `no worker left: ${describeRound(round)} waits until one joins`;
      report({ event: 'notice', code: 'waiting', message });
      cancelTimeout =
        workerTimeoutMs === undefined
          ? () => {}
          : clock.setTimer(workerTimeoutMs, () => {
              const seconds = workerTimeoutMs / 1000;
              fail(
                new LockstepError('WORKERS', `no worker for ${seconds} s: start some, and --resume the run.`),
              );
            });
    };
    return { check, cancel };
  }
}

/** Why a worker is not wanted, and what to do about it; undefined if it is. */
function refusalOf(
  { protocolVersion, numerics, token }: Hello,
  { config, isTokenValid }: Pick<WorkerPoolOptions, 'config' | 'isTokenValid'>,
): string | undefined {
  if (protocolVersion !== PROTOCOL_VERSION) {
    return (
      `it speaks protocol version ${protocolVersion}, this coordinator version ${PROTOCOL_VERSION}: ` +
      'install the same version of Lockstep on both'
    );
  }
  if (!isTokenValid(token)) {
    const given = token === undefined ? 'no token' : 'a wrong token';
    return `it gave ${given}: start it with the --token of the coordinator`;
  }
  if (numerics?.includes(config.numerics)) return undefined;
  return (
    `it computes ${numerics?.join(', ') || 'no profile of numbers that it names'}, this run ${config.numerics}: ` +
    'start the coordinator with --numerics strict, which every machine can compute'
  );
}
