import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { createConsole } from '../../shared/console.ts';
import { alignColumns, formatCount } from '../../shared/format.ts';
import { interruptionSignal } from '../../shared/interruption.ts';
import { ascendingNumbers, numberBetween, wholeNumber } from '../../shared/option-parsers.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { calibrateCompute, calibrateExchange } from './calibrate.ts';
import { checkPlan } from './plan-check.ts';
import { forJson, writePlan } from './plan-files.ts';
import { makeReportFolder } from './report-folder.ts';
import { runFlags, vectorBytes, wireOption } from './run-flags.ts';
import {
  bestPrediction,
  type ClusterPlan,
  type PredictedStep,
  predictStep,
  type StepCosts,
} from './step-cost-model.ts';

interface PlanOptions {
  readonly workers: number[];
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: RunConfig['wire'];
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
const POWERS_OF_TWO = Array.from({ length: 13 }, (_, i) => 2 ** i);

export function planCommand(): Command {
  return new Command('plan')
    .summary('predict the speedup on machines that are not here')
    .description(
      'Predicts how fast a cluster would be: times this machine at computing and at exchanging parameters and gradients, for\n' +
        'some seconds each, and calculates the step of any number of such workers, each on a machine of its own.\n' +
        'With --check it predicts what `lockstep speedup` measured, from its fewest workers, and reports the errors.',
    )
    .addOption(
      new Option('--workers <counts>', 'numbers of workers, comma-separated')
        .default(POWERS_OF_TWO, `1,2,4 … ${WORKERS_MAX}`)
        .argParser(ascendingNumbers(WORKERS_MAX)),
    )
    .option('--model <name>', 'as for train (default: mlp)')
    .addOption(new Option('--global-batch <count>', 'as for train').argParser(wholeNumber(1, 1_000_000)))
    .addOption(new Option('--micro-batches <count>', 'as for train').argParser(wholeNumber(1, 4096)))
    .addOption(wireOption())
    .addOption(
      new Option('--example-ms <ms>', 'a worker’s time for an example (default: measured here)').argParser(
        numberBetween(0, 60_000),
      ),
    )
    .addOption(
      new Option('--cpus <cores>', 'of each worker, up to 1')
        .default(1)
        .argParser(numberBetween(0, 1.000001)),
    )
    .addOption(
      new Option('--bandwidth <gbit>', 'of the coordinator’s network, Gbit/s each way')
        .default(1)
        .argParser(numberBetween(0, 1e6)),
    )
    .addOption(new Option('--latency <ms>', 'one way').default(0.2).argParser(numberBetween(-1e-9, 60_000)))
    .option(
      '--check <file>',
      'predict what this speedup.json measured; it says of which run, so the flags above have no effect',
    )
    .option('--data-dir <dir>', 'folder with the dataset (default: found or fetched)')
    .option('--out <dir>', 'where to write plan.json and plan.svg', 'plan')
    .option('--json', 'print the plan as one line of JSON')
    .action(plan);
}

async function plan(options: PlanOptions): Promise<void> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  const say = (line: string) => (options.json ? undefined : console.print(line));
  await makeReportFolder(options.out);
  if (options.check !== undefined) return checkPlan(options, options.check, say, signal);

  say('Timing a worker, and the exchange with simulated ones …');
  const compute = await calibrateCompute(options, signal);
  const flags = runFlags(options);
  const exchange = await calibrateExchange(flags, options.dataDir, signal);
  const costs: StepCosts = {
    ...exchange,
    ...(options.exampleMs === undefined ? compute : { shareMs: 0, exampleMs: options.exampleMs }),
  };
  const cluster: ClusterPlan = {
    ...{ globalBatch: compute.globalBatch, microBatchCount: compute.microBatchCount },
    vectorBytes: vectorBytes(flags, exchange.parameterCount),
    workerSpeed: Math.min(1, options.cpus),
    ...{ bandwidth: options.bandwidth * 1e9, latencyMs: options.latency + exchange.latencyMs },
    ...{ cores: Number.POSITIVE_INFINITY, workerCores: Number.POSITIVE_INFINITY },
  };
  const predictions = options.workers.map((workers) => predictStep(costs, cluster, workers));
  const best = bestPrediction(costs, cluster, WORKERS_MAX);
  const beyond = predictStep(costs, cluster, 2 * best.workers);
  const result = { costs: forJson(costs), cluster: forJson(cluster), predictions, best };
  await writePlan(options.out, result, predictions, []);
  if (options.json) return void process.stdout.write(`${JSON.stringify({ event: 'plan', ...result })}\n`);
  say('');
  for (const line of describeCosts(costs, cluster)) say(line);
  say('');
  for (const line of predictionTable(predictions)) say(line);
  say('');
  say(
    `Best   ${best.workers} workers: ${formatCount(best.throughput)} examples/s, ` +
      `${(best.throughput / predictStep(costs, cluster, 1).throughput).toFixed(1)}-fold; beyond that ${LIMITS[beyond.limit]}.`,
  );
  if (Math.max(...options.workers) > cluster.microBatchCount) {
    say(
      `Note   A global batch of ${cluster.globalBatch} in ${cluster.microBatchCount} micro-batches has work for ${cluster.microBatchCount} workers; ` +
        'more need more --micro-batches, and for real work a larger --global-batch.',
    );
  }
  say(`Report ${join(options.out, 'plan.svg')}, plan.json`);
}

const LIMITS: Record<PredictedStep['limit'], string> = {
  compute: 'micro-batches run out',
  coordinator: 'the coordinator is the limit',
  network: 'the network is the limit',
  cores: 'the cores are the limit',
};

function describeCosts(costs: StepCosts, { vectorBytes, bandwidth, latencyMs }: ClusterPlan): string[] {
  const wireMs = ((vectorBytes * 8) / bandwidth) * 1000;
  return [
    `Worker       ${costs.exampleMs.toPrecision(3)} ms an example, ${costs.shareMs.toPrecision(2)} ms a share, ${costs.exchangeMs.toPrecision(2)} ms to read parameters and write a gradient`,
    `Coordinator  ${costs.sendMs.toPrecision(2)} ms a worker to write parameters, ${costs.receiveMs.toPrecision(2)} ms to read and add a gradient, ${costs.fixedMs.toPrecision(2)} ms to update`,
    `Network      ${wireMs.toPrecision(2)} ms for ${(vectorBytes / 1e6).toFixed(2)} MB, ${latencyMs.toPrecision(2)} ms one way, event loops included`,
    `These are times on this machine (${availableParallelism()} cores), each part with a core of its own.`,
  ];
}

function predictionTable(predictions: readonly PredictedStep[]): string[] {
  const [first] = predictions;
  return alignColumns([
    ['workers', 'step, ms', 'examples/s', 'speedup', 'efficiency', 'bound by'],
    ...predictions.map(({ workers, stepMs, throughput, limit }) => {
      const speedup = (throughput / first.throughput) * first.workers;
      return [
        ...[String(workers), stepMs.toFixed(2), formatCount(throughput), speedup.toFixed(2)],
        ...[`${((speedup / workers) * 100).toFixed(0)} %`, limit],
      ];
    }),
  ]);
}
