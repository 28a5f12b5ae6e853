import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { describeBest, describeLaw } from '../../coordinator/dashboard/speed/scaling-law.ts';
import { PART_WORDS } from '../../coordinator/dashboard/steps/step-parts.ts';
import { STEP_PARTS } from '../../coordinator/training/step-breakdown.ts';
import { type Console, createConsole } from '../../shared/cli/console.ts';
import {
  alignColumns,
  formatBar,
  formatCount,
  formatMegabytes,
  formatQuantity,
} from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import {
  ascendingNumbers,
  numberBetween,
  threadsOption,
  wholeNumber,
} from '../../shared/cli/option-parsers.ts';
import { LockstepError } from '../../shared/errors.ts';
import { quoteArgument } from '../../shared/host/command-line.ts';
import type { WireFormat } from '../../shared/round/run-config.ts';
import {
  globalBatchOption,
  microBatchesOption,
  runFlags,
  wireOption,
} from './coordinator-flags.ts';
import { createComposeLauncher } from './launchers/compose-launcher.ts';
import type { Launcher } from './launchers/launcher.ts';
import { createLocalLauncher, createSimulatedLauncher } from './launchers/local-launcher.ts';
import { compareChains, measureSpeedup } from './measurement/measure-speedup.ts';
import { describeChains, speedupChart, speedupPage } from './report/speedup-page.ts';
import {
  createSpeedupReport,
  type SpeedupPoint,
  type SpeedupReport,
  throughputOf,
} from './report/speedup-report.ts';
import { warningsOf } from './report/speedup-warnings.ts';
import { makeReportFolder } from './report-folder.ts';

interface SpeedupOptions {
  readonly workers: number[];
  readonly launcher: 'local' | 'compose' | 'simulated';
  readonly cpus?: number;
  readonly threads?: number;
  readonly exampleMs: number;
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: WireFormat;
  readonly seconds: number;
  readonly rounds: number;
  readonly compareSteps: number;
  readonly dataDir?: string;
  readonly out: string;
  readonly json?: true;
}

const WORKERS_MAX = 1000;

export function speedupCommand(): Command {
  return new Command('speedup')
    .summary('measure the speedup of more workers, and what limits it')
    .description(
      'Trains one run while the number of workers goes up and down in turns. Measures the ' +
        'throughput of each number of workers, and the time of each part of a step. ' +
        'Writes speedup.json, speedup.svg and speedup.html.\n' +
        'More workers than cores only share the cores. To measure more workers, give each of ' +
        'them a quota, such as --launcher compose --cpus 0.2.',
    )
    .addOption(
      new Option('--workers <counts>', 'numbers of workers to measure, comma-separated')
        .default([1, 2, 4], '1,2,4')
        .argParser(ascendingNumbers(WORKERS_MAX)),
    )
    .addOption(
      new Option('--launcher <kind>', 'processes, containers, or timers instead of computation')
        .choices(['local', 'compose', 'simulated'])
        .default('local'),
    )
    .addOption(
      new Option(
        '--cpus <cores>',
        'CPU quota of each worker, only with --launcher compose (default: none)',
      ).argParser(numberBetween(0, 1024)),
    )
    .addOption(threadsOption('threads of each worker (default: 1)'))
    .addOption(
      new Option('--example-ms <ms>', 'time that a simulated worker takes per example')
        .default(0.05)
        .argParser(numberBetween(0, 60_000)),
    )
    .option('--model <name>', 'as for train (default: mlp)')
    .addOption(globalBatchOption())
    .addOption(microBatchesOption())
    .addOption(wireOption())
    .addOption(
      new Option('--seconds <seconds>', 'measured time per number of workers and round')
        .default(6)
        .argParser(numberBetween(0, 3600)),
    )
    .addOption(
      new Option('--rounds <count>', 'number of rounds').default(5).argParser(wholeNumber(1, 1000)),
    )
    .addOption(
      new Option(
        '--compare-steps <count>',
        'number of first steps after which the parameters are compared; 0 compares none',
      )
        .default(10)
        .argParser(wholeNumber(0, 4000)),
    )
    .option('--data-dir <dir>', 'dataset folder, not for containers (default: found or fetched)')
    .option('--out <dir>', 'folder for the report', 'speedup')
    .option('--json', 'print the report as one line of JSON')
    .action(speedup);
}

async function speedup(options: SpeedupOptions): Promise<void> {
  const { workers, launcher: kind, cpus, rounds, seconds, dataDir, out } = options;
  if (cpus !== undefined && kind !== 'compose') {
    throw new LockstepError(
      'USAGE',
      `--cpus ${cpus} works only with --launcher compose, because processes have no quota.`,
    );
  }
  if (dataDir !== undefined && kind === 'compose') {
    throw new LockstepError(
      'USAGE',
      `--data-dir ${dataDir} does not work with --launcher compose, because its image contains ` +
        'the dataset.',
    );
  }
  const signal = interruptionSignal();
  const console = createConsole(options.json ? process.stderr : process.stdout);
  const log = (line: string) => (options.json ? undefined : console.print(line));
  await makeReportFolder(out);

  if (kind === 'compose') log('Building the image …');
  const launcher = await launcherFor(options, signal);
  const flags = runFlags(options);
  log(`Measuring ${workers.join(', ')} workers. Cluster: ${launcher.description}.`);
  const run = await launcher.start(flags, signal);
  const measurement = await measureSpeedup(run, options, signal, (window, done, total) => {
    const rate = `${formatCount(throughputOf(window))} examples/s`;
    const crew = formatQuantity(window.workers, 'worker');
    if (console.isTerminal) console.showLive(`${formatBar(done / total, 20)} ${crew} ${rate}`);
    else log(`  ${done}/${total}: ${crew}, ${rate}`);
  }).finally(() => {
    console.clearLive();
    return run.stop();
  });
  if (options.compareSteps > 0 && kind !== 'simulated')
    log('Comparing the parameters after training with each number of workers …');
  const chains =
    options.compareSteps > 0 && kind !== 'simulated'
      ? await compareChains(launcher, flags, workers, options.compareSteps, signal)
      : null;

  const facts = createSpeedupReport(measurement, {
    launcher: launcher.description,
    isSimulated: kind === 'simulated',
    quota: cpus ?? null,
    command: commandLine(options),
    flags,
    rounds,
    seconds,
    chains,
  });
  const report = { ...facts, warnings: warningsOf(facts) };
  await Promise.all([
    writeFile(join(out, 'speedup.json'), `${JSON.stringify(report, undefined, 2)}\n`),
    writeFile(join(out, 'speedup.svg'), speedupChart(report)),
    writeFile(join(out, 'speedup.html'), speedupPage(report)),
  ]);
  if (options.json) process.stdout.write(`${JSON.stringify({ event: 'speedup', ...report })}\n`);
  else printReport(console, report, out);
  if (chains && !chains.isEqual) throw new LockstepError('VERIFY', describeChains(chains));
}

function launcherFor(
  { launcher, cpus, threads = 1, exampleMs, dataDir }: SpeedupOptions,
  signal: AbortSignal,
): Promise<Launcher> {
  if (launcher === 'compose') return createComposeLauncher(cpus, threads, signal);
  return Promise.resolve(
    launcher === 'local'
      ? createLocalLauncher(dataDir, threads)
      : createSimulatedLauncher(exampleMs, dataDir),
  );
}

function commandLine(options: SpeedupOptions): string {
  const {
    workers,
    launcher,
    cpus,
    threads,
    exampleMs,
    model,
    globalBatch,
    microBatches,
    wire,
    seconds,
    rounds,
  } = options;
  const flags = {
    workers: workers.join(','),
    launcher,
    cpus,
    threads,
    model,
    'example-ms': launcher === 'simulated' ? exampleMs : undefined,
    'global-batch': globalBatch,
    'micro-batches': microBatches,
    wire,
    seconds,
    rounds,
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const args = given.map(([flag, value]) => `--${flag} ${quoteArgument(String(value))}`);
  return ['npx lockstep speedup', ...args].join(' ');
}

function printReport(console: Console, report: SpeedupReport, out: string): void {
  const { points, law, chains, warnings, run } = report;
  const lines = [
    '',
    `Speedup of ${run.model} (${formatCount(run.parameterCount)} parameters, ` +
      `global batch of ${run.globalBatch} examples):`,
    '',
    ...alignColumns([
      [
        'workers',
        'examples/s',
        'quartiles',
        'speedup',
        'efficiency',
        'serial',
        'MB/step',
        'coordinator uses',
        'workers use',
      ],
      ...points.map(resultRow),
    ]),
    '',
    'Mean time of each part of a step, in ms:',
    ...alignColumns([
      ['workers', 'step', ...STEP_PARTS.map((part) => PART_WORDS[part].name)],
      ...points.map(({ workers, stepMs, breakdown }) => [
        String(workers),
        stepMs.toFixed(1),
        ...STEP_PARTS.map((part) => breakdown?.[part].toFixed(1) ?? '?'),
      ]),
    ]),
    '',
    `Law    ${describeLaw(law)}, λ = ${law.lambda.toFixed(1)} examples/s. ` +
      describeBest(law, points[points.length - 1].workers),
    ...(chains ? [`Bits   ${describeChains(chains)}`] : []),
    ...warnings.map((warning) => `Note   ${warning}`),
    `Report ${join(out, 'speedup.html')}, speedup.svg, speedup.json`,
  ];
  for (const line of lines) console.print(line);
}

function resultRow(point: SpeedupPoint): string[] {
  const { throughput, speedup } = point;
  return [
    String(point.workers),
    formatCount(throughput.median),
    `${formatCount(throughput.q1)}-${formatCount(throughput.q3)}`,
    speedup.median.toFixed(2),
    `${(point.efficiency * 100).toFixed(0)} %`,
    point.serialFraction?.toFixed(3) ?? '',
    formatMegabytes(point.bytesPerStep).replace(' MB', ''),
    `${point.coordinator.cores.toFixed(2)} cores`,
    `${point.workerCores.toFixed(2)} cores`,
  ];
}
