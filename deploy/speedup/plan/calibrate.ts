import { setImmediate } from 'node:timers/promises';
import { modelFor } from '../../../coordinator/options/model-source.ts';
import { newRunConfig } from '../../../coordinator/options/new-run.ts';
import type { RunOptions } from '../../../coordinator/options/run-options.ts';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../../../shared/data/loading/load-dataset.ts';
import { availableNumerics, openEngine } from '../../../shared/host/load-engine.ts';
import { createPartialSumComputer } from '../../../shared/round/partial-sum-computer.ts';
import { createWorkload } from '../../../shared/round/workload.ts';
import { vectorBytes } from '../coordinator-flags.ts';
import { createSimulatedLauncher } from '../launchers/local-launcher.ts';
import { type MeasuredWindow, measureSpeedup } from '../measurement/measure-speedup.ts';
import { createSpeedupReport, type SpeedupPoint, spreadOf } from '../report/speedup-report.ts';
import { predictStep, type StepCosts } from './step-cost-model.ts';

/** A worker's computation times, in ms of one core. */
export type ComputeCosts = Pick<StepCosts, 'shareMs' | 'exampleMs'>;

export interface ComputeCalibration extends ComputeCosts {
  readonly globalBatch: number;
  readonly microBatchCount: number;
}

const COMPUTE_MS = 1_500;
/** Almost 0, so the steps of these simulated workers consist of the exchange. */
const EXAMPLE_MS = 1e-4;
const EXCHANGE_WORKERS = [1, 4];
const EXCHANGE_SECONDS = 2;

/**
 * Times a share of one micro-batch and a share of all micro-batches in this process. The difference
 * gives the time per example, and the rest is the time per share. `signal` aborts it.
 */
export async function calibrateCompute(
  options: Omit<RunOptions, 'checkpointEvery' | 'checkpointInterval' | 'audit'>,
  signal: AbortSignal,
): Promise<ComputeCalibration> {
  const manifest = await readManifest(options.dataDir);
  const { dataset } = await loadDataset(manifest, coordinatorSources(options.dataDir), {
    signal,
    report() {},
  });
  const complete: RunOptions = { ...options, checkpointEvery: 1, checkpointInterval: 1, audit: 0 };
  const config = newRunConfig(
    complete,
    dataset,
    await modelFor(complete, dataset),
    availableNumerics(),
  );
  const engine = openEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  const computer = createPartialSumComputer(engine, config, workload);
  const parameters = engine.allocate(workload.parameterCount);
  const round = { kind: 'train', step: 0 } as const;
  const { globalBatch, microBatchCount } = config;

  async function shareMs(hi: number): Promise<number> {
    const times: number[] = [];
    const endAt = performance.now() + COMPUTE_MS / 2;
    while (performance.now() < endAt || times.length < 5) {
      const startedAt = performance.now();
      for (const _ of computer.compute(round, { lo: 0, hi }, parameters));
      times.push(performance.now() - startedAt);
      await setImmediate();
      signal.throwIfAborted();
    }
    return spreadOf(times.slice(1)).median;
  }

  const all = await shareMs(microBatchCount);
  if (microBatchCount === 1)
    return { globalBatch, microBatchCount, shareMs: 0, exampleMs: all / globalBatch };
  const least = await shareMs(1);
  const leaf = Math.max(0, all - least) / (microBatchCount - 1);
  return {
    globalBatch,
    microBatchCount,
    shareMs: Math.max(0, least - leaf),
    exampleMs: (leaf * microBatchCount) / globalBatch,
  };
}

export interface ExchangeCalibration extends Omit<StepCosts, keyof ComputeCosts> {
  readonly parameterCount: number;
  /** Latency of this machine's loopback and of two event loops, one way. */
  readonly latencyMs: number;
}

/**
 * Times the exchange of the run's messages between a coordinator and simulated workers on this
 * machine. Takes some seconds.
 */
export async function calibrateExchange(
  flags: readonly string[],
  dataDir: string | undefined,
  signal: AbortSignal,
): Promise<ExchangeCalibration> {
  const run = await createSimulatedLauncher(EXAMPLE_MS, dataDir).start(flags, signal);
  try {
    const plan = { workers: EXCHANGE_WORKERS, rounds: 1, seconds: EXCHANGE_SECONDS };
    const { windows, status } = await measureSpeedup(run, plan, signal, () => {});
    const { points } = createSpeedupReport(
      { windows, status },
      {
        launcher: '',
        isSimulated: true,
        quota: null,
        command: '',
        flags: [],
        rounds: 1,
        seconds: EXCHANGE_SECONDS,
        chains: null,
      },
    );
    const [one, several] = points;
    const perWorker = (value: (point: SpeedupPoint) => number) =>
      Math.max(0, (value(several) - value(one)) / (several.workers - one.workers));
    const sendMs = sendMsOf(windows);
    const costs: StepCosts = {
      shareMs: 0,
      exampleMs: 0,
      sendMs,
      fixedMs: (one.breakdown?.update ?? 0) + (one.breakdown?.between ?? 0),
      receiveMs: Math.max(
        0,
        perWorker(({ coordinator, stepMs }) => coordinator.cores * stepMs) - sendMs,
      ),
      exchangeMs: perWorker(({ workerCores, stepMs }) => workerCores * stepMs),
    };
    const plan1 = {
      globalBatch: status.globalBatch,
      microBatchCount: status.microBatchCount,
      vectorBytes: vectorBytes(flags, status.parameterCount),
      workerSpeed: 1,
      bandwidth: Number.POSITIVE_INFINITY,
      latencyMs: 0,
      cores: Number.POSITIVE_INFINITY,
      workerCores: Number.POSITIVE_INFINITY,
    };
    const exchangeMs = one.stepMs - (one.breakdown?.compute ?? 0);
    const latencyMs = Math.max(0, (exchangeMs - predictStep(costs, plan1, 1).stepMs) / 2);
    return { ...costs, latencyMs, parameterCount: status.parameterCount };
  } finally {
    await run.stop();
  }
}

/** The median time of writing the parameters to one worker. */
function sendMsOf(windows: readonly MeasuredWindow[]): number {
  const steps = windows.flatMap((window) => window.steps);
  const perShare = steps.flatMap(({ broadcastMs, shares = [] }) =>
    broadcastMs === undefined || shares.length === 0 ? [] : [broadcastMs / shares.length],
  );
  return spreadOf(perShare).median;
}
