import { Command, Option } from 'commander';
import {
  endWithLauncher,
  interruptForUser,
  interruptionSignal,
} from '../shared/cli/interruption.ts';
import { wholeNumber } from '../shared/cli/option-parsers.ts';
import { defaultThreadCount } from '../shared/threads/start-threads.ts';
import { continuationOf, resumeCommand, secretsOf } from './options/continuation.ts';
import { addPortOptions, portOptionsOf } from './options/port-flags.ts';
import { addRunOptions } from './options/run-flags.ts';
import type { RunOptions } from './options/run-options.ts';
import { openingDashboard } from './reporting/open-dashboard.ts';
import { remindingOfSecrets } from './reporting/remind-secrets.ts';
import { createLogReporter } from './reporting/reporter.ts';
import { runTraining } from './run-training.ts';

interface CoordinatorOptions extends RunOptions {
  readonly minWorkers: number;
  readonly workerTimeout?: number;
  readonly open?: true;
  readonly json?: true;
}

export function coordinatorCommand(): Command {
  const command = new Command('coordinator')
    .summary('wait for workers and train with all that join')
    .description(
      'Owns the parameters, listens for workers from any machine and trains with all that join.\n' +
        'Workers may join, leave or die at any time. This changes the speed, never the result.\n' +
        'The port also answers GET /healthz, /api/status, /api/steps and /metrics.',
    )
    .optionsGroup('Cluster:')
    .addOption(
      new Option('--min-workers <count>', 'begin as soon as this many workers are ready')
        .default(1)
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option(
        '--worker-timeout <seconds>',
        'fail after this long without a worker, or without enough to begin (default: wait)',
      ).argParser(wholeNumber(1)),
    );
  addPortOptions(command, new Option('--port <number>', 'port to listen on').default(8080));
  return addRunOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print events as JSON, one per line')
    .action(async (options: CoordinatorOptions, command: Command) => {
      endWithLauncher();
      const { minWorkers, workerTimeout } = options;
      const cluster = {
        ...portOptionsOf(command),
        minWorkers,
        stopRun: () => interruptForUser('asked for on the dashboard'),
        workerTimeoutMs: workerTimeout === undefined ? undefined : workerTimeout * 1000,
      };
      const { threads = defaultThreadCount() } = options;
      const engine = { threads, isShared: false };
      const run = { ...options, engine, continuation: continuationOf(command) };
      const plain = createLogReporter(options, (runDir) => resumeCommand(run, runDir));
      const log = remindingOfSecrets(plain, secretsOf(command));
      const report = options.open ? openingDashboard(log) : log;
      await runTraining(run, () => cluster, report, interruptionSignal());
    });
}
