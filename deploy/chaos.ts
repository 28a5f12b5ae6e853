import { InvalidArgumentError } from 'commander';
import type { PoolEvent } from '../coordinator/pool-events.ts';
import type { Clock } from '../shared/clock.ts';
import { randomKey, uniform } from '../shared/random.ts';
import type { LocalWorkers } from './local-workers.ts';

/** What is done to the workers of a run while it trains. */
export interface ChaosSpec {
  /** Mean numbers a second: kill -9, suspend and wake again, ask to leave, start one more. */
  readonly kill: number;
  readonly stall: number;
  readonly leave: number;
  readonly join: number;
  readonly stallMs: number;
  /** The probability that a worker flips a bit of a sum. */
  readonly corrupt: number;
  readonly seed: number;
}

const FAULTS = ['kill', 'stall', 'leave', 'join'] as const;
export type Fault = (typeof FAULTS)[number];
const STALL_MS = 500;
const RATE = /^(\d*\.?\d+)\/s(?::(\d+)ms)?$/;

/** Reads `kill=0.5/s,stall=0.2/s:500ms,leave=0.1/s,join=0.5/s,corrupt=1e-4,seed=7`, any of it. */
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
      throw new InvalidArgumentError(`"${part}" is none of the parts of ${example}.`);
    }
  }
  return spec;
}

/** What was done, and to how many workers. */
export interface ChaosTally extends Record<Fault, number> {
  /** Mean number of workers that were ready while it was done. */
  readonly meanWorldSize: number;
}

export interface Chaos {
  /** Begins at the first progress of training. */
  begin(): void;
  /** Keeps count of the workers that are ready. */
  observe(event: PoolEvent): void;
  end(): void;
  tally(): ChaosTally;
}

/** Disturbs local workers at random times, the same in kind and order for the same seed. */
export function createChaos(spec: ChaosSpec, workers: () => LocalWorkers | undefined, clock: Clock): Chaos {
  const key = randomKey(spec.seed, 'chaos');
  let draws = 0;
  const random = () => uniform(key, draws++);
  const counts = { kill: 0, stall: 0, leave: 0, join: 0 };
  const cancels = new Map<Fault, () => void>();
  let worldSize = 0;
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

  function happen(fault: Fault): void {
    const local = workers();
    const pids = local?.pids() ?? [];
    if (!local || (pids.length === 0 && fault !== 'join')) return;
    const pid = pids[Math.floor(random() * pids.length)];
    if (fault === 'join') {
      if (!local.startExtra()) return;
    } else if (fault === 'kill') signal(pid, 'SIGKILL');
    else if (fault === 'leave') signal(pid, 'SIGTERM');
    else {
      signal(pid, 'SIGSTOP');
      clock.setTimer(spec.stallMs, () => signal(pid, 'SIGCONT'));
    }
    counts[fault]++;
  }

  function schedule(fault: Fault): void {
    const delayMs = (-Math.log(1 - random()) / spec[fault]) * 1000;
    const cancel = clock.setTimer(delayMs, () => {
      happen(fault);
      schedule(fault);
    });
    cancels.set(fault, cancel);
  }

  return {
    begin() {
      if (observedAt !== undefined) return;
      observedAt = clock.now();
      for (const fault of FAULTS) if (spec[fault] > 0) schedule(fault);
    },
    observe(event) {
      if (event.event !== 'worker') return;
      account();
      worldSize = event.worldSize;
    },
    end() {
      account();
      observedAt = undefined;
      for (const cancel of cancels.values()) cancel();
    },
    tally: () => ({ ...counts, meanWorldSize: elapsedMs === 0 ? worldSize : workerMs / elapsedMs }),
  };
}

/** To a process that may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended: there is nothing left to disturb.
  }
}
