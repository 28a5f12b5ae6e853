import { InvalidArgumentError } from 'commander';
import type { ChaosRates, OwnWorkers } from '../../coordinator/control/controlled.ts';
import { type PoolEvent, WRONG_SUM } from '../../coordinator/reporting/pool-events.ts';
import type { Clock } from '../../shared/clock.ts';
import { randomKey, uniform } from '../../shared/random.ts';
import type { LocalWorkers } from './local-workers.ts';

/** Disturbances of the workers of a run while it trains. */
export interface ChaosSpec extends ChaosRates {
  /** Probability that a worker flips a bit of a sum. */
  readonly corrupt: number;
  readonly seed: number;
}

const FAULTS = ['kill', 'stall', 'leave', 'join'] as const;
export type Fault = (typeof FAULTS)[number];
const STALL_MS = 500;
const RATE = /^(\d*\.?\d+)\/s(?::(\d+)ms)?$/;

/**
 * Parses any parts of `kill=0.5/s,stall=0.2/s:500ms,leave=0.1/s,join=0.5/s,corrupt=1e-4,seed=7`.
 * Throws commander's error for any other part.
 */
export function parseChaos(text: string): ChaosSpec {
  const spec = { kill: 0, stall: 0, leave: 0, join: 0, stallMs: STALL_MS, corrupt: 0, seed: 1 };
  for (const part of text.split(',')) {
    const [name, value = ''] = part.split('=');
    const [, rate, durationMs] = RATE.exec(value) ?? [];
    const isFault = (FAULTS as readonly string[]).includes(name);
    if (isFault && rate !== undefined && (name === 'stall' || durationMs === undefined)) {
      spec[name as Fault] = Number(rate);
      if (durationMs !== undefined) spec.stallMs = Number(durationMs);
    } else if (name === 'corrupt' && value !== '' && Number(value) >= 0 && Number(value) <= 1) {
      spec.corrupt = Number(value);
    } else if (name === 'seed' && /^\d{1,9}$/.test(value)) {
      spec.seed = Number(value);
    } else {
      const example = 'kill=0.5/s,stall=0.2/s:500ms,leave=0.1/s,join=0.5/s,corrupt=1e-4,seed=7';
      throw new InvalidArgumentError(`"${part}" is not valid. Give parts such as ${example}.`);
    }
  }
  return spec;
}

/** The number of faults of each kind. */
export interface ChaosTally extends Record<Fault, number> {
  /** Workers that were expelled for a wrong sum. */
  readonly corrupt: number;
  /** The number of workers that were ready at `begin`, and the mean from then until `end`. */
  readonly firstWorldSize: number;
  readonly meanWorldSize: number;
}

type WorkerChange = PoolEvent & { event: 'worker' };

/** Random faults. Their rates can be changed at any time. */
export interface Chaos extends Readonly<OwnWorkers['chaos']> {
  /** Chooses the workers to disturb. Before this, nothing happens to anybody. */
  attach(workers: Pick<LocalWorkers, 'running' | 'startExtra'>): void;
  /** Starts the faults. The caller calls this when training makes its first progress. */
  begin(): void;
  /** Counts the workers that are ready, and those that are expelled for a wrong sum. */
  observe(event: WorkerChange): void;
  end(): void;
  tally(): ChaosTally;
}

/**
 * Disturbs local workers at random times. The same seed gives the same kinds of faults in the same
 * order, as long as nobody changes the rates.
 */
export function createChaos(spec: Pick<ChaosSpec, keyof ChaosRates | 'seed'>, clock: Clock): Chaos {
  const key = randomKey(spec.seed, 'chaos');
  let draws = 0;
  const random = () => uniform(key, draws++);
  const { kill, stall, leave, join, stallMs } = spec;
  const rates = { kill, stall, leave, join, stallMs };
  const counts = { kill: 0, stall: 0, leave: 0, join: 0 };
  const cancels = new Map<Fault, () => void>();
  const meter = createWorldSizeMeter(clock);
  let local: Pick<LocalWorkers, 'running' | 'startExtra'> | undefined;
  let expelledCount = 0;
  let isGoingOn = false;

  function happen(fault: Fault): void {
    const running = local?.running() ?? [];
    if (!local || (running.length === 0 && fault !== 'join')) return;
    const worker = running[Math.floor(random() * running.length)];
    if (fault === 'join') {
      if (!local.startExtra()) return;
    } else if (fault === 'kill') worker.kill();
    else if (fault === 'leave') worker.leave(false);
    else worker.stall(rates.stallMs);
    counts[fault]++;
  }

  function schedule(fault: Fault): void {
    cancels.get(fault)?.();
    cancels.delete(fault);
    if (!isGoingOn || rates[fault] === 0) return;
    const delayMs = (-Math.log(1 - random()) / rates[fault]) * 1000;
    const cancel = clock.setTimer(delayMs, () => {
      happen(fault);
      schedule(fault);
    });
    cancels.set(fault, cancel);
  }

  return {
    get rates() {
      return { ...rates };
    },
    setRates(change) {
      const changed = FAULTS.filter((fault) => (change[fault] ?? rates[fault]) !== rates[fault]);
      rates.stallMs = change.stallMs ?? rates.stallMs;
      for (const fault of changed) {
        rates[fault] = change[fault] ?? rates[fault];
        schedule(fault);
      }
    },
    attach(workers) {
      local = workers;
    },
    begin() {
      if (isGoingOn) return;
      isGoingOn = true;
      meter.begin();
      for (const fault of FAULTS) schedule(fault);
    },
    observe(event) {
      meter.observe(event);
      if (event.state === 'left' && event.reason.startsWith(WRONG_SUM)) expelledCount++;
    },
    end() {
      meter.end();
      isGoingOn = false;
      for (const fault of FAULTS) schedule(fault);
    },
    tally: () => ({ ...counts, corrupt: expelledCount, ...meter.read() }),
  };
}

/** Measures the number of ready workers at `begin`, and its mean from then until `end`. */
function createWorldSizeMeter(clock: Clock) {
  let worldSize = 0;
  let firstWorldSize = 0;
  let observedAt: number | undefined;
  let workerMs = 0;
  let elapsedMs = 0;

  function account(): void {
    if (observedAt === undefined) return;
    const now = clock.now();
    workerMs += worldSize * (now - observedAt);
    elapsedMs += now - observedAt;
    observedAt = now;
  }

  return {
    begin() {
      observedAt = clock.now();
      firstWorldSize = worldSize;
    },
    observe(event: WorkerChange) {
      account();
      worldSize = event.worldSize;
    },
    end() {
      account();
      observedAt = undefined;
    },
    read: () => ({
      firstWorldSize,
      meanWorldSize: elapsedMs === 0 ? worldSize : workerMs / elapsedMs,
    }),
  };
}
