import { availableParallelism, cpus } from 'node:os';
import {
  bestWorkers,
  fitScalingLaw,
  type ScalingLaw,
  serialFraction,
  throughputAt,
} from '../../../coordinator/dashboard/speed/scaling-law.ts';
import {
  meanBreakdown,
  type StepBreakdown,
  timedSteps,
} from '../../../coordinator/training/step-breakdown.ts';
import type {
  ChainCheck,
  MeasuredWindow,
  Measurement,
  RunStatus,
} from '../measurement/measure-speedup.ts';

/** The median and the quartiles of some values. */
export interface Spread {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
}

/** The measurements of one number of workers. */
export interface SpeedupPoint {
  readonly workers: number;
  /** Examples/s in each round. */
  readonly throughput: Spread;
  /** In each round: throughput / throughput of the fewest workers * number of fewest workers. */
  readonly speedup: Spread;
  /** Median speedup / workers. */
  readonly efficiency: number;
  /** Serial fraction of Karp and Flatt. Null for one worker. */
  readonly serialFraction: number | null;
  /** Mean time of a step. */
  readonly stepMs: number;
  /** Mean parts of a step. Null if the workers did not report their times. */
  readonly breakdown: StepBreakdown | null;
  /** Bytes to and from all workers. */
  readonly bytesPerStep: number;
  /** Cores that the coordinator used, and the part of the time that a quota stopped it. */
  readonly coordinator: { readonly cores: number; readonly throttled: number };
  /** Cores that all workers used together. */
  readonly workerCores: number;
  /** The part of the time that a quota stopped a worker, as the mean over the workers. */
  readonly workerThrottled: number;
  /** Number of measured steps. */
  readonly steps: number;
}

export interface SpeedupReport {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly launcher: string;
  readonly isSimulated: boolean;
  /** Cores per worker. Null without a quota. */
  readonly quota: number | null;
  readonly command: string;
  /** The coordinator's flags. */
  readonly flags: readonly string[];
  readonly run: Omit<RunStatus, 'worldSize' | 'step'>;
  readonly rounds: number;
  readonly seconds: number;
  readonly points: readonly SpeedupPoint[];
  readonly law: ScalingLaw & {
    /** Null if the law has no best number, because more workers are always faster. */
    readonly bestWorkers: number | null;
    readonly bestThroughput: number | null;
  };
  readonly chains: ChainCheck | null;
  readonly warnings: readonly string[];
}

/** The values of the report in addition to the measurements. */
export type SpeedupCircumstances = Pick<
  SpeedupReport,
  'launcher' | 'isSimulated' | 'quota' | 'command' | 'flags' | 'rounds' | 'seconds' | 'chains'
>;

export function createSpeedupReport(
  { status, windows }: Measurement,
  circumstances: SpeedupCircumstances,
): Omit<SpeedupReport, 'warnings'> {
  const counts = [...new Set(windows.map(({ workers }) => workers))].sort((a, b) => a - b);
  const base = new Map(
    windows
      .filter(({ workers }) => workers === counts[0])
      .map((window) => [window.round, throughputOf(window)]),
  );
  const points = counts.map((workers) =>
    summarize(
      workers,
      counts[0],
      windows.filter((window) => window.workers === workers),
      base,
    ),
  );
  const law = fitScalingLaw(
    points.map(({ workers, throughput }) => ({ workers, throughput: throughput.median })),
  );
  const best = bestWorkers(law);
  const { model, parameterCount, globalBatch, microBatchCount } = status;
  return {
    date: new Date().toISOString(),
    machine: {
      cores: availableParallelism(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      node: process.version,
    },
    ...circumstances,
    run: { model, parameterCount, globalBatch, microBatchCount },
    points,
    law: {
      ...law,
      bestWorkers: Number.isFinite(best) ? best : null,
      bestThroughput: Number.isFinite(best) ? throughputAt(law, best) : null,
    },
  };
}

/**
 * Examples/s of a window, from the end of its first step to the end of its last step, without
 * evaluations.
 */
export function throughputOf({ steps }: Pick<MeasuredWindow, 'steps'>): number {
  const timed = timedSteps(steps);
  return (sumOf(timed, ({ examples }) => examples) / sumOf(timed, ({ wholeMs }) => wholeMs)) * 1000;
}

function summarize(
  workers: number,
  fewest: number,
  windows: readonly MeasuredWindow[],
  base: ReadonlyMap<number, number>,
): SpeedupPoint {
  const throughputs = windows.map(throughputOf);
  const ratios = windows.map(
    ({ round }, i) => (throughputs[i] / (base.get(round) ?? Number.NaN)) * fewest,
  );
  const speedup = spreadOf(ratios);
  const steps = windows.flatMap((window) => timedSteps(window.steps));
  const usage = usageOf(windows);
  return {
    workers,
    throughput: spreadOf(throughputs),
    speedup,
    efficiency: speedup.median / workers,
    serialFraction: workers === 1 ? null : serialFraction(speedup.median, workers),
    stepMs: sumOf(steps, ({ wholeMs }) => wholeMs) / steps.length,
    breakdown: meanBreakdown(steps) ?? null,
    ...usage,
    steps: steps.length,
  };
}

/** The use of network and cores, from the counters at the first and last step of each window. */
function usageOf(windows: readonly MeasuredWindow[]) {
  const total = {
    ms: 0,
    steps: 0,
    bytes: 0,
    cpu: 0,
    throttled: 0,
    workerCpu: 0,
    workerThrottled: 0,
    shares: 0,
  };
  for (const { steps, workers } of windows) {
    const first = steps[0];
    const last = steps[steps.length - 1];
    const ms = last.doneAt - first.doneAt;
    total.ms += ms;
    total.steps += steps.length - 1;
    const { coordinator: before } = first;
    const { coordinator: after } = last;
    total.bytes += after.sentBytes + after.receivedBytes - before.sentBytes - before.receivedBytes;
    total.cpu += after.cpuMs - before.cpuMs;
    total.throttled += after.throttledMs - before.throttledMs;
    for (let rank = 0; rank < workers; rank++) {
      const own = steps.flatMap(({ shares = [], doneAt }) =>
        shares.filter((share) => share.rank === rank).map((share) => ({ ...share, doneAt })),
      );
      const from = own[0];
      const to = own[own.length - 1];
      if (own.length < 2 || from.cpuMs === undefined || to.cpuMs === undefined) continue;
      // Scale the worker's own time span, from its first to its last share, to the whole window.
      const part = ms / (to.doneAt - from.doneAt);
      total.workerCpu += (to.cpuMs - from.cpuMs) * part;
      total.workerThrottled += (((to.throttledMs ?? 0) - (from.throttledMs ?? 0)) * part) / workers;
    }
  }
  return {
    bytesPerStep: total.bytes / total.steps,
    coordinator: { cores: total.cpu / total.ms, throttled: total.throttled / total.ms },
    workerCores: total.workerCpu / total.ms,
    workerThrottled: total.workerThrottled / total.ms,
  };
}

/** The median and quartiles, with linear interpolation between neighboring values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => {
    const place = part * (sorted.length - 1);
    const below = sorted[Math.floor(place)];
    return below + (place % 1) * (sorted[Math.ceil(place)] - below);
  };
  return { median: at(0.5), q1: at(0.25), q3: at(0.75) };
}

const sumOf = <T>(values: readonly T[], value: (of: T) => number): number =>
  values.reduce((sum, of) => sum + value(of), 0);
