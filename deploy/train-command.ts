import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { ClusterOptions } from '../coordinator/cluster.ts';
import type { Report } from '../coordinator/events.ts';
import { createHumanReporter, reportJson } from '../coordinator/reporter.ts';
import { addRunOptions, type RunOptions } from '../coordinator/run-options.ts';
import { runTraining } from '../coordinator/run-training.ts';
import { systemClock } from '../shared/clock.ts';
import { LockstepError } from '../shared/errors.ts';
import { interruptionSignal } from '../shared/interruption.ts';
import { tokenOption, wholeNumber } from '../shared/option-parsers.ts';
import { type ChaosSpec, createChaos, parseChaos } from './chaos.ts';
import { startHostedWorker } from './hosted-worker.ts';
import { type LocalWorkers, startLocalWorkers } from './local-workers.ts';

interface TrainOptions extends RunOptions {
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly apart?: true;
  readonly chaos?: ChaosSpec;
  readonly json?: true;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train on this machine: a coordinator and its workers')
    .description(
      'Trains on this machine: a coordinator, in whose process the first worker computes, and further workers as\n' +
        'processes that connect to it. Others may join from elsewhere.\n' +
        'The trained parameters are the same to the last bit for any number of workers.\n' +
        'Ctrl-C stops in good order and saves a checkpoint; a second Ctrl-C stops at once.',
    )
    .optionsGroup('Cluster:')
    .addOption(
      new Option('--workers <count>', 'how many workers; 0: no cluster, all is computed at once')
        .default(availableParallelism(), `${availableParallelism()}, the cores of this machine`)
        .argParser(wholeNumber(0, 1000)),
    )
    .option('--host <address>', 'address to listen on, where further workers may join', '127.0.0.1')
    .addOption(
      new Option('--port <number>', 'port to listen on')
        .default(0, 'any free one')
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(tokenOption('a secret that workers must give'))
    .option('--apart', 'each worker in a process of its own, none in the coordinator’s')
    .addOption(
      new Option(
        '--chaos <list>',
        'disturb the workers, then train undisturbed and compare: ' +
          'kill=0.5/s,stall=0.2/s:500ms,leave=0.1/s,join=0.5/s,corrupt=1e-4,seed=7, any of it',
      ).argParser(parseChaos),
    );
  return addRunOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print events as JSON, a line each')
    .action(async (options: TrainOptions) => {
      const report = options.json ? reportJson : createHumanReporter(process.stdout);
      if (options.chaos) await trainInChaos(options, options.chaos, report);
      else await trainWithWorkers(options, report);
    });
}

interface Disturbance {
  readonly corrupt?: number | undefined;
  readonly onStarted?: (workers: LocalWorkers) => void;
  readonly onStopping?: () => void;
}

function trainWithWorkers(options: TrainOptions, report: Report, disturbance: Disturbance = {}) {
  const { workers: count, host, port, token, dataDir, apart } = options;
  const { corrupt, onStarted, onStopping } = disturbance;
  let workers: LocalWorkers | undefined;
  const signal = interruptionSignal(() => workers?.kill());
  const cluster: ClusterOptions = {
    ...{ host, port, token, minWorkers: count },
    startWorkers(context, onFailure) {
      const onRestart = (message: string) => report({ event: 'notice', code: 'restart', message });
      const stopHosted = apart
        ? undefined
        : startHostedWorker(context, { name: 'local-0', token }, onFailure);
      const started = startLocalWorkers({
        ...{ url: context.url, token, dataDir, corrupt, onRestart, onFailure },
        ...(apart ? { count } : { count: count - 1, firstNumber: 1 }),
      });
      workers = started;
      onStarted?.(started);
      return async () => {
        onStopping?.();
        await Promise.all([stopHosted?.(), started.stop()]);
      };
    },
  };
  return runTraining(options, count === 0 ? undefined : cluster, report, signal);
}

/** Trains while workers are disturbed, then undisturbed with as many as there were on average, and compares. */
async function trainInChaos(options: TrainOptions, spec: ChaosSpec, report: Report): Promise<void> {
  if (options.workers === 0) {
    throw new LockstepError('USAGE', '--chaos disturbs workers, and --workers is 0: give at least 1.');
  }
  let local: LocalWorkers | undefined;
  const chaos = createChaos(spec, () => local, systemClock);
  const isAuditImplied = spec.corrupt > 0 && options.audit === 0;
  const disturbed = { ...options, apart: true as const, ...(isAuditImplied && { audit: 1 }) };
  if (isAuditImplied) {
    const message = 'workers that give wrong sums are found by comparing: --audit 1 is implied';
    report({ event: 'notice', code: 'chaos', message });
  }
  const watch: Report = (event) => {
    if (event.event === 'progress') chaos.begin();
    if (event.event === 'worker') chaos.observe(event);
    report(event);
  };
  const done = await trainWithWorkers(disturbed, watch, {
    corrupt: spec.corrupt || undefined,
    onStarted(workers) {
      local = workers;
    },
    onStopping: chaos.end,
  });

  const tally = chaos.tally();
  const undisturbedWorldSize = Math.max(1, Math.round(tally.meanWorldSize));
  const message = `Now the same run undisturbed, with ${undisturbedWorldSize} workers, to compare.`;
  report({ event: 'notice', code: 'chaos', message });
  const out = `${done.runDir}-undisturbed`;
  const { trace, ...untraced } = disturbed;
  const undisturbed = await trainWithWorkers({ ...untraced, workers: undisturbedWorldSize, out }, () => {});
  const isEqual = undisturbed.parametersSha256 === done.parametersSha256;
  report({
    ...{ event: 'chaos', ...tally, undisturbedWorldSize, isEqual },
    parametersSha256: done.parametersSha256,
    undisturbedSha256: undisturbed.parametersSha256,
    goodput: done.examplesPerSecond / undisturbed.examplesPerSecond,
  });
  if (!isEqual) throw new LockstepError('VERIFY', 'the disturbed run ended with other parameters.');
}
