import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { createConsole } from '../../../shared/cli/console.ts';
import { alignColumns, formatCount, formatQuantity } from '../../../shared/cli/format.ts';
import { interruptionSignal } from '../../../shared/cli/interruption.ts';
import { ascendingNumbers, numberBetween } from '../../../shared/cli/option-parsers.ts';
import type { WireFormat } from '../../../shared/round/run-config.ts';
import {
  globalBatchOption,
  microBatchesOption,
  runFlags,
  vectorBytes,
  wireOption,
} from '../coordinator-flags.ts';
import { makeReportFolder } from '../report-folder.ts';
import { calibrateCompute, calibrateExchange } from './calibrate.ts';
import { checkPlan } from './plan-check.ts';
import { forJson, writePlan } from './plan-files.ts';
import {
  bestPrediction,
  type ClusterPlan,
  type PredictedStep,
  predictStep,
  type StepCosts,
} from './step-cost-model.ts';

interface PlanOptions {
  readonly workers?: number[];
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: WireFormat;
  readonly exampleMs?: number;
  readonly cpus: number;
  readonly bandwidth: number;
  readonly latency: number;
  readonly check?: string;
  readonly dataDir?: string;
  readonly out: string;
  readonly json?: true;
}

const WORKERS_MAX = 4096;

export function planCommand(): Command {
  return new Command('plan')
    .summary('predict the speedup of a larger cluster from timings on this machine')
    .description(
      'Predicts how fast a cluster would be. Times the computation and the exchange of ' +
        'parameters and gradients on this machine, for some seconds each. Then calculates the ' +
        'time of a step for any number of such workers, each on a machine of its own.\n' +
        'With --check, predicts the measurements of `lockstep speedup` from those of its fewest ' +
        'workers, and reports the errors.',
    )
    .addOption(
      new Option(
        '--workers <counts>',
        'numbers of workers, comma-separated (default: 1,2,4 … up to --micro-batches)',
      ).argParser(ascendingNumbers(WORKERS_MAX)),
    )
    .option('--model <name>', 'as for train (default: mlp)')
    .addOption(globalBatchOption())
    .addOption(microBatchesOption())
    .addOption(wireOption())
    .addOption(
      new Option(
        '--example-ms <ms>',
        'time that a worker takes per example (default: measured on this machine)',
      ).argParser(numberBetween(0, 60_000)),
    )
    .addOption(
      new Option('--cpus <cores>', 'cores of each worker, up to 1')
        .default(1)
        .argParser(numberBetween(0, 1.000001)),
    )
    .addOption(
      new Option('--bandwidth <gbit>', 'bandwidth of the coordinator’s network, in Gbit/s each way')
        .default(1)
        .argParser(numberBetween(0, 1e6)),
    )
    .addOption(
      new Option('--latency <ms>', 'latency of the network, one way')
        .default(0.2)
        .argParser(numberBetween(-1e-9, 60_000)),
    )
    .option(
      '--check <file>',
      'predict the measurements in this speedup.json; it describes the run, so the flags above ' +
        'have no effect',
    )
    .option('--data-dir <dir>', 'folder with the dataset (default: found or fetched)')
    .option('--out <dir>', 'folder for plan.json and plan.svg', 'plan')
    .option('--json', 'print the plan as one line of JSON')
    .action(plan);
}

async function plan(options: PlanOptions): Promise<void> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  const log = (line: string) => (options.json ? undefined : console.print(line));
  await makeReportFolder(options.out);
  if (options.check !== undefined) return checkPlan(options, options.check, log, signal);

  log('Timing the computation of a worker, and the exchange with simulated workers …');
  const compute = await calibrateCompute(options, signal);
  const flags = runFlags(options);
  const exchange = await calibrateExchange(flags, options.dataDir, signal);
  const costs: StepCosts = {
    ...exchange,
    ...(options.exampleMs === undefined ? compute : { shareMs: 0, exampleMs: options.exampleMs }),
  };
  const cluster: ClusterPlan = {
    globalBatch: compute.globalBatch,
    microBatchCount: compute.microBatchCount,
    vectorBytes: vectorBytes(flags, exchange.parameterCount),
    workerSpeed: Math.min(1, options.cpus),
    bandwidth: options.bandwidth * 1e9,
    latencyMs: options.latency + exchange.latencyMs,
    cores: Number.POSITIVE_INFINITY,
    workerCores: Number.POSITIVE_INFINITY,
  };
  const counts = options.workers ?? powersOfTwo(cluster.microBatchCount);
  const predictions = counts.map((workers) => predictStep(costs, cluster, workers));
  const best = bestPrediction(costs, cluster, WORKERS_MAX);
  const beyond = predictStep(costs, cluster, 2 * best.workers);
  const result = { costs: forJson(costs), cluster: forJson(cluster), predictions, best };
  await writePlan(options.out, result, predictions, []);
  if (options.json)
    return void process.stdout.write(`${JSON.stringify({ event: 'plan', ...result })}\n`);
  log('');
  for (const line of describeCosts(costs, cluster)) log(line);
  log('');
  for (const line of predictionTable(predictions)) log(line);
  log('');
  log(
    `Best   ${formatQuantity(best.workers, 'worker')}: ` +
      `${formatCount(best.throughput)} examples/s, a speedup of ` +
      `${(best.throughput / predictStep(costs, cluster, 1).throughput).toFixed(1)}. ` +
      `With more workers, ${LIMITS[beyond.limit]}.`,
  );
  log(
    `Note   A global batch of ${cluster.globalBatch} in ` +
      `${formatQuantity(cluster.microBatchCount, 'micro-batch')} has work for ` +
      `at most ${formatQuantity(cluster.microBatchCount, 'worker')}. More workers need more ` +
      '--micro-batches. To give each of them enough work, raise --global-batch, too.',
  );
  log(`Report ${join(options.out, 'plan.svg')}, plan.json`);
}

/** 1, 2, 4 … up to `most`. */
const powersOfTwo = (most: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);

const LIMITS: Record<PredictedStep['limit'], string> = {
  compute: 'there are too few micro-batches',
  coordinator: 'the coordinator is the limit',
  network: 'the network is the limit',
  cores: 'the cores are the limit',
};

function describeCosts(
  costs: StepCosts,
  { vectorBytes, bandwidth, latencyMs }: ClusterPlan,
): string[] {
  const wireMs = ((vectorBytes * 8) / bandwidth) * 1000;
  return [
    `Worker       ${costs.exampleMs.toPrecision(3)} ms per example, ` +
      `${inMs(costs.shareMs)} per share, ` +
      `${inMs(costs.exchangeMs)} per step to read parameters and write a gradient`,
    `Coordinator  ${inMs(costs.sendMs)} per worker to write parameters, ` +
      `${inMs(costs.receiveMs)} per gradient to read and add it, ` +
      `${inMs(costs.fixedMs)} per step to update`,
    `Network      ${inMs(wireMs)} per transfer of ` +
      `${(vectorBytes / 1e6).toFixed(2)} MB, ` +
      `${inMs(latencyMs)} latency one way, including event loops`,
    `The prediction assumes cores like the ${availableParallelism()} of this machine, ` +
      'one for the coordinator and one for each worker.',
  ];
}

/** "140 ms", "8.2 ms": two digits or more. */
const inMs = (ms: number): string => `${ms >= 10 ? ms.toFixed(0) : ms.toPrecision(2)} ms`;

function predictionTable(predictions: readonly PredictedStep[]): string[] {
  const [first] = predictions;
  return alignColumns([
    ['workers', 'step, ms', 'examples/s', 'speedup', 'efficiency', 'limited by'],
    ...predictions.map(({ workers, stepMs, throughput, limit }) => {
      const speedup = (throughput / first.throughput) * first.workers;
      return [
        String(workers),
        stepMs.toFixed(2),
        formatCount(throughput),
        speedup.toFixed(2),
        `${((speedup / workers) * 100).toFixed(0)} %`,
        limit,
      ];
    }),
  ]);
}
