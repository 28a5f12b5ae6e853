import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type {
  ClusterOptions,
  StartContext,
  StartedWorkers,
} from '../../coordinator/cluster/cluster.ts';
import { describeRates, NO_CHAOS } from '../../coordinator/control/run-control.ts';
import {
  continuationOf,
  resumeCommand,
  secretsOf,
} from '../../coordinator/options/continuation.ts';
import { LESSONS, type LessonName } from '../../coordinator/options/lessons.ts';
import { addPortOptions, portOptionsOf } from '../../coordinator/options/port-flags.ts';
import { addRunOptions } from '../../coordinator/options/run-flags.ts';
import type { RunOptions } from '../../coordinator/options/run-options.ts';
import type { PortOptions } from '../../coordinator/port/server.ts';
import type { DoneEvent, Report, RunEvent } from '../../coordinator/reporting/events.ts';
import { openingDashboard } from '../../coordinator/reporting/open-dashboard.ts';
import { remindingOfSecrets } from '../../coordinator/reporting/remind-secrets.ts';
import { createLogReporter } from '../../coordinator/reporting/reporter.ts';
import { runTraining } from '../../coordinator/run-training.ts';
import { formatQuantity } from '../../shared/cli/format.ts';
import { interruptForUser, interruptionSignal } from '../../shared/cli/interruption.ts';
import { wholeNumber } from '../../shared/cli/option-parsers.ts';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { LockstepError } from '../../shared/errors.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { defaultThreadCount } from '../../shared/threads/start-threads.ts';
import { type Chaos, type ChaosSpec, createChaos, parseChaos } from './chaos.ts';
import { createLessonRun } from './lesson-run.ts';
import type { LocalWorkers } from './local-workers.ts';
import { describeTooMany } from './many-workers.ts';
import { startProcessWorkers } from './process-workers.ts';
import { startThreadWorkers, type ThreadWorkersOptions } from './thread-workers.ts';

interface TrainOptions extends RunOptions {
  /** By default one per core, and at most one per micro-batch. */
  readonly workers?: number;
  readonly port: PortOptions;
  readonly separateProcesses?: true;
  readonly chaos?: ChaosSpec;
  readonly open?: true;
  readonly lesson?: LessonName;
  readonly json?: true;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train on this machine, with a coordinator and workers')
    .description(
      'Trains on this machine, with a coordinator and workers. The workers are threads of the ' +
        'coordinator’s process. Workers in other processes and on other machines can join, too.\n' +
        'The trained parameters are the same to the last bit for any number of workers.\n' +
        'Ctrl-C stops in good order and saves a checkpoint. A second Ctrl-C stops at once.',
    )
    .optionsGroup('Cluster:')
    .addOption(
      new Option(
        '--workers <count>',
        'number of workers; 0 trains in one process, without a cluster ' +
          '(default: one per core of this machine, at most one per micro-batch)',
      ).argParser(wholeNumber(0, 1000)),
    )
    .option('--separate-processes', 'run every worker in a process of its own, which can be killed')
    // The former name of --separate-processes, for scripts that still use it.
    .addOption(new Option('--apart').hideHelp().implies({ separateProcesses: true }))
    .addOption(
      new Option(
        '--chaos <list>',
        'disturb the workers, then train undisturbed and compare; any parts of ' +
          'kill=0.5/s,stall=0.2/s:500ms,leave=0.1/s,join=0.5/s,corrupt=1e-4,seed=7',
      ).argParser(parseChaos),
    );
  command.addOption(
    new Option(
      '--lesson <name>',
      'train what a lesson of the dashboard looks at, and print its address',
    )
      .choices(Object.keys(LESSONS))
      .conflicts(['resume', 'resumeOrStart']),
  );
  addPortOptions(
    command,
    new Option('--port <number>', 'port to listen on').default(0, 'any free port'),
  );
  return addRunOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print events as JSON, one per line')
    .action(async (flags: Omit<TrainOptions, 'port'>, command: Command) => {
      const options = {
        ...(flags.lesson && LESSONS[flags.lesson]),
        ...flags,
        port: portOptionsOf(command),
        continuation: continuationOf(command),
      };
      const plain = createLogReporter(flags, (runDir) => resumeCommand(options, runDir));
      assertHasPort(flags);
      const log = remindingOfSecrets(plain, secretsOf(command));
      const opening = flags.open ? openingDashboard(log) : log;
      const lesson = flags.lesson && createLessonRun(flags.lesson, flags, opening);
      const report = lesson?.report ?? opening;
      if (options.chaos) return trainInChaos(options, options.chaos, report);
      const done = await trainWithWorkers(options, report);
      await lesson?.stayOpen(done, options.port);
    });
}

/** Throws a `USAGE` error if something is asked of a port that is not there. */
function assertHasPort({ predict, workers }: Pick<TrainOptions, 'predict' | 'workers'>): void {
  if (!predict || workers !== 0) return;
  throw new LockstepError(
    'USAGE',
    '--predict answers at the port, and a run with --workers 0 has none. Give at least 1 worker.',
  );
}

/** What disturbs the workers of a run from its beginning. */
interface Disturbance {
  readonly corrupt: number | undefined;
  /** Its faults begin when its owner begins them. */
  readonly chaos: Chaos;
}

function trainWithWorkers(options: TrainOptions, report: Report, disturbance?: Disturbance) {
  let workers: LocalWorkers | undefined;
  const signal = interruptionSignal(() => workers?.kill());
  const chaos = disturbance?.chaos ?? createChaos({ ...NO_CHAOS, seed: 1 }, systemClock);
  const clusterOf = (count: number): ClusterOptions => ({
    ...options.port,
    minWorkers: count,
    stopRun: () => interruptForUser('asked for on the dashboard'),
    startWorkers(context, onFailure) {
      const onRestart = (message: string) => report({ event: 'notice', code: 'restart', message });
      const common = { count, threads: threadsFor(options, count), onRestart, onFailure };
      workers = startWorkers(options, context, common, disturbance?.corrupt);
      chaos.attach(workers);
      // Faults that are asked for later begin at once.
      if (disturbance) context.report(chaosNotice(chaos));
      else chaos.begin();
      return controllable(workers, chaos);
    },
  });
  const clusterFor = ({ microBatchCount }: { readonly microBatchCount: number }) => {
    const count = options.workers ?? Math.min(availableParallelism(), microBatchCount);
    const kind = options.separateProcesses ? 'process' : 'thread';
    const message = describeTooMany(count, availableParallelism(), kind);
    if (message) report({ event: 'notice', code: 'workers', message });
    return count === 0 ? undefined : clusterOf(count);
  };
  const threads = options.workers === 0 ? threadsFor(options, 1) : 1;
  const engine = { threads, isShared: !options.separateProcesses };
  return runTraining({ ...options, engine }, clusterFor, report, signal);
}

/** What --chaos does, among what happens in the run. */
const chaosNotice = ({ rates }: Chaos): RunEvent => ({
  event: 'notice',
  code: 'control',
  message: `--chaos disturbs the workers: ${describeRates(rates)}`,
});

/** The threads of each of so many workers. */
const threadsFor = ({ threads }: TrainOptions, workerCount: number): number =>
  threads ?? Math.max(1, Math.floor(defaultThreadCount() / workerCount));

/** Starts processes or threads. */
function startWorkers(
  { separateProcesses, dataDir }: TrainOptions,
  context: StartContext,
  common: ThreadWorkersOptions,
  corrupt: number | undefined,
): LocalWorkers {
  const { engine, url, token, issueIdentity, noteKilled } = context;
  if (!separateProcesses && isSharedEngine(engine))
    return startThreadWorkers({ ...context, engine }, common);
  return startProcessWorkers({
    ...{ ...common, url, token, issueIdentity, noteKilled, dataDir, corrupt },
  });
}

function controllable(workers: LocalWorkers, chaos: Chaos): StartedWorkers {
  return {
    control: {
      find: workers.find,
      get count() {
        return workers.count;
      },
      start: workers.start,
      chaos,
    },
    async stop() {
      chaos.end();
      await workers.stop();
    },
  };
}

/**
 * Trains while workers are disturbed. Then trains undisturbed and compares the parameters. Throws a
 * `VERIFY` error if they differ. The undisturbed run has as many workers as the disturbed one had
 * at first, or on average if those were more. Where workers share cores, a run with fewer of them
 * would be faster by that alone.
 */
async function trainInChaos(options: TrainOptions, spec: ChaosSpec, report: Report): Promise<void> {
  assertComparable(options);
  const chaos = createChaos(spec, systemClock);
  const isAuditImplied = spec.corrupt > 0 && options.audit === 0;
  const disturbed = {
    ...options,
    separateProcesses: true as const,
    ...(isAuditImplied && { audit: 1 }),
  };
  if (isAuditImplied) {
    const message =
      'Wrong sums are found only by computing each sum twice, so this run trains with --audit 1.';
    report({ event: 'notice', code: 'chaos', message });
  } else if (spec.corrupt > 0 && options.audit < 1) {
    const message =
      `--audit ${options.audit} compares a part of all sums only, so some wrong sums will not be ` +
      'found, and the parameters may differ. Leave it out, or give --audit 1.';
    report({ event: 'notice', code: 'chaos', message });
  }
  const watch: Report = (event) => {
    if (event.event === 'progress') chaos.begin();
    if (event.event === 'worker') chaos.observe(event);
    report(event);
  };
  const done = await trainWithWorkers(disturbed, watch, {
    corrupt: spec.corrupt || undefined,
    chaos,
  });

  const tally = chaos.tally();
  const { firstWorldSize, ...counts } = tally;
  const undisturbedWorldSize = Math.max(firstWorldSize, Math.round(tally.meanWorldSize), 1);
  const undisturbed = await trainUndisturbed(disturbed, undisturbedWorldSize, done.runDir, report);
  const isEqual = undisturbed.parametersSha256 === done.parametersSha256;
  report({
    event: 'chaos',
    ...counts,
    undisturbedWorldSize,
    isEqual,
    parametersSha256: done.parametersSha256,
    undisturbedSha256: undisturbed.parametersSha256,
    goodput: done.examplesPerSecond / undisturbed.examplesPerSecond,
  });
  if (!isEqual) {
    throw new LockstepError(
      'VERIFY',
      'the disturbed run ended with other parameters than the undisturbed run.',
    );
  }
}

/** Throws a `USAGE` error if there would be nothing to disturb, or nothing to compare. */
function assertComparable(options: TrainOptions): void {
  if (options.workers === 0) {
    throw new LockstepError(
      'USAGE',
      '--chaos disturbs workers, and --workers is 0. Give at least 1 worker.',
    );
  }
  for (const flag of ['resume', 'resumeOrStart'] as const) {
    if (options[flag] === undefined) continue;
    throw new LockstepError(
      'USAGE',
      '--chaos compares two whole runs, so it cannot go on with the run ' +
        `${options[flag]}: leave out --chaos, or begin a new run with --out.`,
    );
  }
}

/** Trains again, in a folder beside `runDir`, or in a new one in `runs/` if that is taken. */
function trainUndisturbed(
  options: TrainOptions,
  workers: number,
  runDir: string,
  report: Report,
): Promise<DoneEvent> {
  const message =
    `Training the same run undisturbed, with ${formatQuantity(workers, 'worker')}, ` +
    'to compare the parameters.';
  report({ event: 'notice', code: 'chaos', message });
  const beside = `${runDir}-undisturbed`;
  const { trace: _, out: __, ...same } = options;
  const place = existsSync(beside) ? {} : { out: beside };
  return trainWithWorkers({ ...same, ...place, workers }, () => {});
}
