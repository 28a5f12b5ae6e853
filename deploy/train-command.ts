import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { ClusterOptions } from '../coordinator/cluster.ts';
import type { Report } from '../coordinator/events.ts';
import { createHumanReporter, reportJson } from '../coordinator/reporter.ts';
import { addRunOptions, type RunOptions } from '../coordinator/run-options.ts';
import { runTraining } from '../coordinator/run-training.ts';
import { interruptionSignal } from '../shared/interruption.ts';
import { tokenOption, wholeNumber } from '../shared/option-parsers.ts';
import { type LocalWorkers, startLocalWorkers } from './local-workers.ts';

interface TrainOptions extends RunOptions {
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly json?: true;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train on this machine: a coordinator and its workers')
    .description(
      'Trains on this machine: starts a coordinator, and workers as processes of their own that connect to it.\n' +
        'The trained parameters are the same to the last bit for any number of workers.\n' +
        'Ctrl-C stops in good order and saves a checkpoint; a second Ctrl-C stops at once.',
    )
    .optionsGroup('Cluster:')
    .addOption(
      new Option('--workers <count>', 'worker processes; 0 computes everything in this process')
        .default(availableParallelism(), `${availableParallelism()}, the cores of this machine`)
        .argParser(wholeNumber(0, 1000)),
    )
    .option('--host <address>', 'address to listen on, where further workers may join', '127.0.0.1')
    .addOption(
      new Option('--port <number>', 'port to listen on')
        .default(0, 'any free one')
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(tokenOption('a secret that workers must give'));
  return addRunOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print events as JSON, a line each')
    .action(async (options: TrainOptions) => {
      let workers: LocalWorkers | undefined;
      const signal = interruptionSignal(() => workers?.kill());
      const report = options.json ? reportJson : createHumanReporter(process.stdout);
      const cluster = localCluster(options, report, (started) => {
        workers = started;
      });
      await runTraining(options, options.workers === 0 ? undefined : cluster, report, signal);
    });
}

function localCluster(
  { workers: count, host, port, token, dataDir }: TrainOptions,
  report: Report,
  onStarted: (workers: LocalWorkers) => void,
): ClusterOptions {
  return {
    host,
    port,
    minWorkers: count,
    token,
    startWorkers(url, onFailure) {
      const onRestart = (message: string) => report({ event: 'notice', code: 'restart', message });
      const workers = startLocalWorkers({ count, url, token, dataDir, onRestart, onFailure });
      onStarted(workers);
      return workers.stop;
    },
  };
}
