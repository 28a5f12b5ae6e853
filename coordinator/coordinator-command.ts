import { Command, Option } from 'commander';
import { endWithLauncher, interruptionSignal } from '../shared/interruption.ts';
import { tokenOption, wholeNumber } from '../shared/option-parsers.ts';
import { createHumanReporter, reportJson } from './reporter.ts';
import { addRunOptions, type RunOptions } from './run-options.ts';
import { runTraining } from './run-training.ts';

interface CoordinatorOptions extends RunOptions {
  readonly host: string;
  readonly port: number;
  readonly minWorkers: number;
  readonly workerTimeout?: number;
  readonly token?: string;
  readonly json?: true;
}

export function coordinatorCommand(): Command {
  const command = new Command('coordinator')
    .summary('wait for workers and train with whoever joins')
    .description(
      'Owns the parameters, listens for workers and trains with whoever joins, from any machine.\n' +
        'Workers may join, leave or die at any time: it changes the speed, never the result.\n' +
        'The port also answers GET /healthz and GET /api/status.',
    )
    .optionsGroup('Cluster:')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all of this machine', '127.0.0.1')
    .addOption(
      new Option('--port <number>', 'port to listen on').default(8080).argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option('--min-workers <count>', 'begin as soon as so many are ready')
        .default(1)
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option(
        '--worker-timeout <seconds>',
        'fail after so long without any worker (default: wait)',
      ).argParser(wholeNumber(1)),
    )
    .addOption(tokenOption('a secret that workers must give'));
  return addRunOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print events as JSON, a line each')
    .action(async (options: CoordinatorOptions) => {
      endWithLauncher();
      const { host, port, minWorkers, token, workerTimeout } = options;
      const cluster = {
        host,
        port,
        minWorkers,
        token,
        workerTimeoutMs: workerTimeout === undefined ? undefined : workerTimeout * 1000,
      };
      const report = options.json ? reportJson : createHumanReporter(process.stdout);
      await runTraining(options, cluster, report, interruptionSignal());
    });
}
