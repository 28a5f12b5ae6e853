import { ControlError } from '../../coordinator/control/control-error.ts';
import type { OwnWorker, OwnWorkers } from '../../coordinator/control/controlled.ts';
import type { Clock } from '../../shared/clock.ts';
import { LockstepError } from '../../shared/errors.ts';

/*
 * Keeps workers running on this machine, whatever they are: processes, or threads of this one.
 *
 *   start ──► running ──ends──► waiting to be started again ──► running …
 *                │
 *                └──ends, and is not kept──► gone
 *
 * A worker has an index, and from it its name. While it is running or waiting, no other worker gets
 * its index. A worker that ends again and again shortly after its start cannot run here, and then
 * the run fails. An end that somebody asked for says nothing about that.
 */

/** A worker that runs on this machine. */
export interface RunningWorker {
  readonly kind: OwnWorker['kind'];
  readonly pid: number | undefined;
  /** What the coordinator has issued to it; undefined if it has issued nothing. */
  readonly identity: string | undefined;
  /** Resolves when it has ended. */
  readonly ended: Promise<WorkerEnd>;
  /** Ends it at once. */
  kill(): void;
  /** Makes it silent for so long from now on. A shorter time replaces a longer one. */
  stall(milliseconds: number): void;
  /** Asks it to finish its share and end. */
  leave(): void;
  /** Lets it end in order, at the end of the run. */
  stop(): Promise<void>;
}

export interface WorkerEnd {
  /** For people. */
  readonly how: string;
  /** Whether it may be unable to run at all. */
  readonly isFailure: boolean;
}

/** One of the workers that are kept running. */
export interface LocalWorker extends OwnWorker {
  readonly pid: number | undefined;
}

export interface LocalWorkers extends Pick<OwnWorkers, 'find' | 'count' | 'start'> {
  /** The workers that run now, the one that has run longest first. */
  running(): LocalWorker[];
  /**
   * Starts an additional worker, which is not started again when it ends. Returns false if there
   * are as many additional workers as there were workers at first, or while the workers are being
   * stopped.
   */
  startExtra(): boolean;
  /** Lets all workers finish and leave. Kills a worker that has not ended after 10 s. */
  stop(): Promise<void>;
  /** Kills all processes now. Threads end with their process, which is about to end. */
  kill(): void;
}

export interface KeepOptions {
  /** How many workers to start at first. */
  readonly count: number;
  readonly start: (name: string, index: number) => RunningWorker;
  readonly clock: Clock;
  /** Called when a worker has ended unexpectedly and will be started again. */
  readonly onRestart: (message: string) => void;
  /** Called when a worker has ended too often shortly after its start. The run cannot go on. */
  readonly onFailure: (error: Error) => void;
}

/** A worker that ends within this time has failed to start. A worker that was killed has not. */
const QUICK_EXIT_MS = 5_000;
const QUICK_EXITS_MAX = 5;
const RESTART_DELAY_MIN_MS = 100;
const RESTART_DELAY_MAX_MS = 5_000;

/** Starts workers on this machine, and starts them again until they are stopped. */
export function keepWorkers(options: KeepOptions): LocalWorkers {
  const { count, clock, onRestart, onFailure } = options;
  const running = new Map<number, KeptWorker>();
  /** The workers that wait, with what cancels their start. */
  const waiting = new Map<number, () => void>();
  let isStopping = false;

  function start(index: number, isKept: boolean, quickExits = 0): KeptWorker {
    const name = `local-${index}`;
    const worker = new KeptWorker(name, isKept, options.start(name, index), clock.now());
    running.set(index, worker);
    void worker.ended.then((end) => {
      running.delete(index);
      if (!isStopping && worker.isKept) startAgain(index, worker, end, quickExits);
    });
    return worker;
  }

  function startAgain(index: number, worker: KeptWorker, end: WorkerEnd, quickExits: number): void {
    const { name } = worker;
    const nextQuickExits = worker.isQuickExit(end, clock.now()) ? quickExits + 1 : 0;
    if (nextQuickExits >= QUICK_EXITS_MAX) return onFailure(cannotRun(name, end));
    onRestart(`worker ${name} ended (${end.how}); starting it again`);
    const delayMs = Math.min(RESTART_DELAY_MAX_MS, RESTART_DELAY_MIN_MS * 2 ** nextQuickExits);
    const cancel = clock.setTimer(delayMs, () => {
      waiting.delete(index);
      start(index, true, nextQuickExits);
    });
    waiting.set(index, cancel);
  }

  function freeIndex(from: number): number {
    let index = from;
    while (running.has(index) || waiting.has(index)) index++;
    return index;
  }

  function cancelStarts(): void {
    isStopping = true;
    for (const cancel of waiting.values()) cancel();
    waiting.clear();
  }

  for (let index = 0; index < count; index++) start(index, true);

  return {
    running: () => [...running.values()],
    find: (identity) => running.values().find((worker) => worker.identity === identity),
    get count() {
      return running.size + waiting.size;
    },
    start() {
      if (isStopping) throw new ControlError(409, 'the run ends: no worker is started anymore');
      return start(freeIndex(0), true).name;
    },
    startExtra() {
      const extraCount = [...running.values()].filter(({ isExtra }) => isExtra).length;
      if (extraCount >= count || isStopping) return false;
      start(freeIndex(count), false);
      return true;
    },
    kill() {
      cancelStarts();
      for (const worker of running.values()) if (worker.kind === 'process') worker.kill();
    },
    async stop() {
      cancelStarts();
      await Promise.all(running.values().map((worker) => worker.stop()));
    },
  };
}

const cannotRun = (name: string, { how }: WorkerEnd): LockstepError =>
  new LockstepError(
    'WORKERS',
    `worker ${name} ended ${QUICK_EXITS_MAX} times in a row, each time within ` +
      `${QUICK_EXIT_MS / 1000} s of its start (${how}).`,
  );

/** A worker from its start to its end. */
class KeptWorker implements LocalWorker {
  readonly name: string;
  readonly isExtra: boolean;
  readonly #worker: RunningWorker;
  readonly #startedAt: number;
  #isKept: boolean;
  #isDisturbed = false;

  constructor(name: string, isKept: boolean, worker: RunningWorker, startedAt: number) {
    this.name = name;
    this.isExtra = !isKept;
    this.#isKept = isKept;
    this.#worker = worker;
    this.#startedAt = startedAt;
  }

  get kind() {
    return this.#worker.kind;
  }

  get pid() {
    return this.#worker.pid;
  }

  get identity() {
    return this.#worker.identity;
  }

  get ended() {
    return this.#worker.ended;
  }

  get isKept(): boolean {
    return this.#isKept;
  }

  kill(): void {
    this.expectEnd();
    this.#worker.kill();
  }

  stall(milliseconds: number): void {
    this.#worker.stall(milliseconds);
  }

  leave(isForGood: boolean): void {
    if (isForGood) this.#isKept = false;
    this.expectEnd();
    this.#worker.leave();
  }

  expectEnd(): void {
    this.#isDisturbed = true;
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  /** Whether it looks as if it could not run here. */
  isQuickExit({ isFailure }: WorkerEnd, now: number): boolean {
    return isFailure && !this.#isDisturbed && now - this.#startedAt < QUICK_EXIT_MS;
  }
}
