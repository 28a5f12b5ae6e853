import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { createConsole } from '../../shared/console.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { formatCount } from '../../shared/format.ts';
import { interruptionSignal } from '../../shared/interruption.ts';
import { numberBetween, wholeNumber } from '../../shared/option-parsers.ts';
import { type ComputeCosts, calibrateCompute, calibrateExchange } from './calibrate.ts';
import { alignColumns, runFlags, workerCounts } from './speedup-command.ts';
import type { SpeedupReport } from './speedup-report.ts';
import {
  bestPrediction,
  type ClusterPlan,
  type PredictedStep,
  predictStep,
  type StepCosts,
} from './step-cost-model.ts';
import { lineChart } from './svg-chart.ts';

interface PlanOptions {
  readonly workers: number[];
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
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
        .argParser(workerCounts(WORKERS_MAX)),
    )
    .option('--model <name>', 'as for train (default: mlp)')
    .addOption(new Option('--global-batch <count>', 'as for train').argParser(wholeNumber(1, 1_000_000)))
    .addOption(new Option('--micro-batches <count>', 'as for train').argParser(wholeNumber(1, 4096)))
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
    .option('--check <file>', 'a speedup.json to compare with; the flags above, but --workers, come from it')
    .option('--data-dir <dir>', 'folder with the dataset (default: found or fetched)')
    .option('--out <dir>', 'where to write plan.json and plan.svg', 'plan')
    .option('--json', 'print the plan as one line of JSON')
    .action(plan);
}

async function plan(options: PlanOptions): Promise<void> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  const say = (line: string) => (options.json ? undefined : console.print(line));
  await mkdir(options.out, { recursive: true });
  if (options.check !== undefined) return checkPlan(options, options.check, say, signal);

  say('Timing a worker, and the exchange with simulated ones …');
  const compute = await calibrateCompute(options, signal);
  const exchange = await calibrateExchange(runFlags(options), options.dataDir, signal);
  const costs: StepCosts = {
    ...exchange,
    ...(options.exampleMs === undefined ? compute : { shareMs: 0, exampleMs: options.exampleMs }),
  };
  const cluster: ClusterPlan = {
    ...{ globalBatch: compute.globalBatch, microBatchCount: compute.microBatchCount },
    ...{ vectorBytes: 4 * exchange.parameterCount, workerSpeed: Math.min(1, options.cpus) },
    ...{ bandwidth: options.bandwidth * 1e9, latencyMs: options.latency + exchange.latencyMs },
    ...{ cores: Number.POSITIVE_INFINITY, workerCores: Number.POSITIVE_INFINITY },
  };
  const predictions = options.workers.map((workers) => predictStep(costs, cluster, workers));
  const best = bestPrediction(costs, cluster, WORKERS_MAX);
  const beyond = predictStep(costs, cluster, 2 * best.workers);
  const result = { costs: costsOf(costs), cluster: forJson(cluster), predictions, best };
  await writeFiles(options.out, result, predictions, []);
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

/** Predicts each number of workers of a speedup report from its fewest, and this machine's exchange. */
async function checkPlan(
  { out, dataDir, json }: PlanOptions,
  file: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const report = await readReport(file);
  const { points, run, quota, machine, isSimulated } = report;
  say('Timing the exchange with simulated workers …');
  const exchange = await calibrateExchange(report.flags, dataDir, signal);
  const fewest = points[0];
  const workerSpeed = Math.min(1, quota ?? 1);
  const costs: StepCosts = { ...exchange, ...computeFrom(report, workerSpeed) };
  const cluster: ClusterPlan = {
    ...{ globalBatch: run.globalBatch, microBatchCount: run.microBatchCount },
    ...{ vectorBytes: 4 * exchange.parameterCount, workerSpeed },
    ...{ bandwidth: Number.POSITIVE_INFINITY, latencyMs: exchange.latencyMs },
    cores: machine.cores,
    // Simulated workers share a process, and do not need a core to wait.
    workerCores: isSimulated ? 1 : machine.cores,
  };
  const predictions = points.map(({ workers }) => predictPoint(costs, cluster, workers, isSimulated));
  const errors = predictions.map(({ throughput }, i) => throughput / points[i].throughput.median - 1);
  const result = { costs: costsOf(costs), cluster: forJson(cluster), predictions, measured: points, errors };
  await writeFiles(out, result, predictions, points);
  if (json) return void process.stdout.write(`${JSON.stringify({ event: 'plan', ...result })}\n`);
  for (const line of alignColumns([
    ['workers', 'measured', 'predicted', 'error', 'bound by'],
    ...predictions.map(({ workers, throughput, limit }, i) => [
      ...[String(workers), formatCount(points[i].throughput.median), formatCount(throughput)],
      ...[`${(errors[i] * 100).toFixed(1)} %`, limit],
    ]),
  ]))
    say(line);
  say('');
  say(
    `Largest error ${(Math.max(...errors.map(Math.abs)) * 100).toFixed(1)} %; the time of an example is that of N = ${fewest.workers}, all else is timed here.`,
  );
}

/** A simulated worker's time passes without using a core. */
function predictPoint(
  costs: StepCosts,
  cluster: ClusterPlan,
  workers: number,
  isSimulated: boolean,
): PredictedStep {
  if (!isSimulated) return predictStep(costs, cluster, workers);
  const waiting = predictStep(costs, { ...cluster, cores: Infinity, workerCores: Infinity }, workers);
  const working = predictStep({ ...costs, exampleMs: 0, shareMs: 0 }, cluster, workers);
  return waiting.stepMs >= working.stepMs ? waiting : working;
}

function computeFrom({ points, run }: SpeedupReport, workerSpeed: number): ComputeCosts {
  const { breakdown, workers } = points[0];
  if (!breakdown) throw new LockstepError('FILE', 'the report has no times of workers: measure again.');
  return { shareMs: 0, exampleMs: (breakdown.compute * workerSpeed * workers) / run.globalBatch };
}

async function readReport(file: string): Promise<SpeedupReport> {
  try {
    const report = JSON.parse(await readFile(file, 'utf8'));
    if (Array.isArray(report.points) && Array.isArray(report.flags)) return report;
    throw new Error('it has no points and flags');
  } catch (error) {
    throw new LockstepError(
      'FILE',
      `--check ${file} is not a speedup.json of lockstep speedup: ${reasonOf(error)}.`,
    );
  }
}

const LIMITS: Record<PredictedStep['limit'], string> = {
  compute: 'micro-batches run out',
  coordinator: 'the coordinator is the limit',
  network: 'the network is the limit',
  cores: 'the cores are the limit',
};

const costsOf = ({ shareMs, exampleMs, fixedMs, sendMs, receiveMs, exchangeMs }: StepCosts): StepCosts => ({
  ...{ shareMs, exampleMs, fixedMs, sendMs, receiveMs, exchangeMs },
});

/** JSON has no infinity. */
const forJson = (cluster: ClusterPlan) =>
  Object.fromEntries(
    Object.entries(cluster).map(([key, value]) => [key, Number.isFinite(value) ? value : null]),
  );

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

async function writeFiles(
  out: string,
  result: object,
  predictions: readonly PredictedStep[],
  measured: SpeedupReport['points'],
): Promise<void> {
  const chart = planChart(predictions, measured);
  await Promise.all([
    writeFile(join(out, 'plan.json'), `${JSON.stringify(result, undefined, 2)}\n`),
    writeFile(join(out, 'plan.svg'), chart),
  ]);
}

function planChart(predictions: readonly PredictedStep[], measured: SpeedupReport['points']): string {
  const [first] = predictions;
  const last = predictions[predictions.length - 1];
  const all = [
    ...predictions.map(({ throughput }) => throughput),
    ...measured.map(({ throughput }) => throughput.q3),
  ];
  const low = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all) * 1.01));
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i);
  const ideal = (workers: number) => (first.throughput / first.workers) * workers;
  const idealEnd = Math.min(last.workers, (high / first.throughput) * first.workers);
  const most = Math.max(2, last.workers);
  return lineChart(
    'Predicted throughput',
    {
      ...{ label: 'workers', isLogarithmic: true, domain: [first.workers * 0.9, most * 1.1] },
      ticks: predictions.map(({ workers }) => workers),
    },
    { label: 'examples/s', isLogarithmic: true, domain: [low, high], ticks: decades },
    [
      {
        ...{ label: 'ideal', kind: 'dashed', colour: 'ideal' },
        points: [first.workers, idealEnd].map((x) => ({ x, y: ideal(x) })),
      },
      {
        ...{ label: 'predicted', kind: 'line', colour: 'c1' },
        points: predictions.map(({ workers, throughput }) => ({ x: workers, y: throughput })),
      },
      ...(measured.length === 0
        ? []
        : [
            {
              ...({ label: 'measured: median and quartiles', kind: 'points', colour: 'c0' } as const),
              points: measured.map(({ workers, throughput: { median, q1, q3 } }) => ({
                x: workers,
                y: median,
                low: q1,
                high: q3,
              })),
            },
          ]),
    ],
  );
}
