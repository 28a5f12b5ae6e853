import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Console, createConsole } from '../../shared/console.ts';
import { LockstepError } from '../../shared/errors.ts';
import { alignColumns, formatBar, formatCount, formatMegabytes } from '../../shared/format.ts';
import { interruptionSignal } from '../../shared/interruption.ts';
import { ascendingNumbers, numberBetween, wholeNumber } from '../../shared/option-parsers.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createComposeLauncher } from './compose-launcher.ts';
import type { Launcher } from './launcher.ts';
import { createLocalLauncher, createSimulatedLauncher } from './local-launcher.ts';
import { compareChains, measureSpeedup } from './measure-speedup.ts';
import { makeReportFolder } from './report-folder.ts';
import { runFlags, wireOption } from './run-flags.ts';
import {
  describeBest,
  describeChains,
  describeLaw,
  PART_LABELS,
  speedupChart,
  speedupPage,
} from './speedup-page.ts';
import {
  createSpeedupReport,
  type SpeedupPoint,
  type SpeedupReport,
  throughputOf,
} from './speedup-report.ts';
import { warningsOf } from './speedup-warnings.ts';
import { STEP_PARTS } from './step-breakdown.ts';

interface SpeedupOptions {
  readonly workers: number[];
  readonly launcher: 'local' | 'compose' | 'simulated';
  readonly cpus?: number;
  readonly exampleMs: number;
  readonly model?: string;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly wire?: RunConfig['wire'];
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
    .summary('measure how much faster more workers are, and why not more')
    .description(
      'Trains one run while the number of workers changes, up and down in turns, and measures how fast each number is and\n' +
        'where the time of a step goes. Writes speedup.json, speedup.svg and speedup.html.\n' +
        'More workers than cores only share them: give each a quota with --launcher compose --cpus 0.2.',
    )
    .addOption(
      new Option('--workers <counts>', 'numbers of workers, comma-separated')
        .default([1, 2, 4], '1,2,4')
        .argParser(ascendingNumbers(WORKERS_MAX)),
    )
    .addOption(
      new Option('--launcher <kind>', 'processes, containers, or a timer in the place of computing')
        .choices(['local', 'compose', 'simulated'])
        .default('local'),
    )
    .addOption(
      new Option('--cpus <cores>', 'quota of each worker, with --launcher compose (default: none)').argParser(
        numberBetween(0, 1024),
      ),
    )
    .addOption(
      new Option('--example-ms <ms>', 'how long a simulated worker takes for an example')
        .default(0.05)
        .argParser(numberBetween(0, 60_000)),
    )
    .option('--model <name>', 'as for train (default: mlp)')
    .addOption(new Option('--global-batch <count>', 'as for train').argParser(wholeNumber(1, 1_000_000)))
    .addOption(new Option('--micro-batches <count>', 'as for train').argParser(wholeNumber(1, 4096)))
    .addOption(wireOption())
    .addOption(
      new Option('--seconds <seconds>', 'how long each number is measured in each round')
        .default(6)
        .argParser(numberBetween(0, 3600)),
    )
    .addOption(new Option('--rounds <count>', 'how often').default(5).argParser(wholeNumber(1, 1000)))
    .addOption(
      new Option(
        '--compare-steps <count>',
        'compare the parameters after so many steps from the start; 0: do not',
      )
        .default(10)
        .argParser(wholeNumber(0, 4000)),
    )
    .option('--data-dir <dir>', 'folder with the dataset, for processes (default: found or fetched)')
    .option('--out <dir>', 'where to write the report', 'speedup')
    .option('--json', 'print the report as one line of JSON')
    .action(speedup);
}

async function speedup(options: SpeedupOptions): Promise<void> {
  const { workers, launcher: kind, cpus, rounds, seconds, dataDir, out } = options;
  if (cpus !== undefined && kind !== 'compose') {
    throw new LockstepError('USAGE', `--cpus ${cpus} is for --launcher compose: processes have no quota.`);
  }
  if (dataDir !== undefined && kind === 'compose') {
    throw new LockstepError(
      'USAGE',
      `--data-dir ${dataDir} is for processes: the image has its own dataset.`,
    );
  }
  const signal = interruptionSignal();
  const console = createConsole(options.json ? process.stderr : process.stdout);
  const say = (line: string) => (options.json ? undefined : console.print(line));
  await makeReportFolder(out);

  if (kind === 'compose') say('Building the image …');
  const launcher = await launcherFor(options, signal);
  const flags = runFlags(options);
  say(`Measuring ${workers.join(', ')} workers: ${launcher.description}.`);
  const run = await launcher.start(flags, signal);
  const measurement = await measureSpeedup(run, options, signal, (window, done, total) => {
    const rate = `${formatCount(throughputOf(window))} examples/s`;
    if (console.isTerminal)
      console.showLive(`${formatBar(done / total, 20)} ${window.workers} workers ${rate}`);
    else say(`  ${done}/${total}: ${window.workers} workers, ${rate}`);
  }).finally(() => {
    console.clearLive();
    return run.stop();
  });
  if (options.compareSteps > 0 && kind !== 'simulated')
    say('Comparing the parameters that each number of workers leads to …');
  const chains =
    options.compareSteps > 0 && kind !== 'simulated'
      ? await compareChains(launcher, flags, workers, options.compareSteps, signal)
      : null;

  const facts = createSpeedupReport(measurement, {
    ...{ launcher: launcher.description, isSimulated: kind === 'simulated', quota: cpus ?? null },
    ...{ command: commandLine(options), flags, rounds, seconds, chains },
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
  { launcher, cpus, exampleMs, dataDir }: SpeedupOptions,
  signal: AbortSignal,
): Promise<Launcher> {
  if (launcher === 'compose') return createComposeLauncher(cpus, signal);
  return Promise.resolve(
    launcher === 'local' ? createLocalLauncher(dataDir) : createSimulatedLauncher(exampleMs, dataDir),
  );
}

function commandLine(options: SpeedupOptions): string {
  const { workers, launcher, cpus, exampleMs, model, globalBatch, microBatches, wire, seconds, rounds } =
    options;
  const flags = {
    ...{ workers: workers.join(','), launcher, cpus, model },
    'example-ms': launcher === 'simulated' ? exampleMs : undefined,
    ...{ 'global-batch': globalBatch, 'micro-batches': microBatches, wire, seconds, rounds },
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return ['npx lockstep speedup', ...given.map(([flag, value]) => `--${flag} ${value}`)].join(' ');
}

function printReport(console: Console, report: SpeedupReport, out: string): void {
  const { points, law, chains, warnings, run } = report;
  const lines = [
    '',
    `${run.model}, ${formatCount(run.parameterCount)} parameters, global batch ${run.globalBatch}`,
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
        'coordinator',
        'workers use',
      ],
      ...points.map(resultRow),
    ]),
    '',
    'Where a step goes, ms:',
    ...alignColumns([
      ['workers', 'step', ...STEP_PARTS.map((part) => PART_LABELS[part])],
      ...points.map(({ workers, stepMs, breakdown }) => [
        ...[String(workers), stepMs.toFixed(1)],
        ...STEP_PARTS.map((part) => breakdown?.[part].toFixed(1) ?? '?'),
      ]),
    ]),
    '',
    `Law    λ = ${law.lambda.toFixed(1)} examples/s, ${describeLaw(law)}; ${describeBest(report)}.`,
    ...(chains ? [`Bits   ${describeChains(chains)}`] : []),
    ...warnings.map((warning) => `Note   ${warning}`),
    `Report ${join(out, 'speedup.html')}, speedup.svg, speedup.json`,
  ];
  for (const line of lines) console.print(line);
}

function resultRow(point: SpeedupPoint): string[] {
  const { throughput, speedup } = point;
  return [
    ...[String(point.workers), formatCount(throughput.median)],
    `${formatCount(throughput.q1)}-${formatCount(throughput.q3)}`,
    ...[speedup.median.toFixed(2), `${(point.efficiency * 100).toFixed(0)} %`],
    point.serialFraction?.toFixed(3) ?? '',
    formatMegabytes(point.bytesPerStep).replace(' MB', ''),
    ...[`${point.coordinator.cores.toFixed(2)} cores`, `${point.workerCores.toFixed(2)} cores`],
  ];
}
