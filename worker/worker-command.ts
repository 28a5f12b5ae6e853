import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Command, Option } from 'commander';
import {
  type Console,
  createConsole,
  createJsonPrinter,
  isJsonAsked,
} from '../shared/cli/console.ts';
import { endWithLauncher, interruptionSignal } from '../shared/cli/interruption.ts';
import { fraction, shortText, threadsOption, wholeNumber } from '../shared/cli/option-parsers.ts';
import { showDataEvent } from '../shared/cli/show-data-event.ts';
import { givenToken, tokenOptions } from '../shared/cli/token.ts';
import type { Dataset } from '../shared/data/dataset.ts';
import type { ContentSource } from '../shared/data/loading/content-sources.ts';
import { type DataEvent, loadDataset, workerSources } from '../shared/data/loading/load-dataset.ts';
import type { DatasetManifest } from '../shared/data/manifest.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import { availableNumerics, engineNotice, openEngineFor } from '../shared/host/load-engine.ts';
import { processUsage } from '../shared/host/process-usage.ts';
import { readShortText } from '../shared/host/read-file.ts';
import { NAME_LENGTH_MAX, OWN_IDENTITY } from '../shared/protocol/limits.ts';
import { systemClock } from '../shared/system-clock.ts';
import { createComputer, defaultThreadCount } from '../shared/threads/start-threads.ts';
import { inSharedMemory } from '../shared/threads/team-computer.ts';
import type { Trust } from './connect.ts';
import { parseCoordinatorAddress } from './coordinator-address.ts';
import { coordinatorSource } from './coordinator-source.ts';
import { createCorruption } from './corruption.ts';
import { runWorker, type WorkerEvent } from './run-worker.ts';
import { dialWebSocket } from './websocket-dial.ts';

interface WorkerOptions {
  readonly name: string;
  readonly threads?: number;
  readonly dataDir?: string;
  readonly tlsCa?: string;
  readonly retryFor?: number;
  readonly corrupt?: number;
  readonly json?: true;
}

const FIRST_RETRY_SECONDS = 20;
const RETRY_SECONDS = 600;

export function workerCommand(): Command {
  const [tokenFlag, tokenFileFlag] = tokenOptions('the secret of the coordinator, if it has one');
  return new Command('worker')
    .summary('join a coordinator and compute')
    .description(
      'Joins a coordinator and computes gradients until the run is finished.\n' +
        'On Ctrl-C or SIGTERM the worker finishes its share and leaves. ' +
        'The run goes on with the other workers.',
    )
    .argument(
      '<url>',
      'address of the coordinator, such as ws://127.0.0.1:8080, or as the coordinator prints it',
    )
    .addOption(
      new Option('--name <name>', 'name of this worker in logs, run records and traces')
        .default(
          `${hostname()}-${process.pid}`.slice(0, NAME_LENGTH_MAX),
          'host name and process id',
        )
        .argParser(shortText(NAME_LENGTH_MAX)),
    )
    .addOption(threadsOption('threads that compute a share together (default: one per core)'))
    .addOption(tokenFlag)
    .addOption(tokenFileFlag)
    .addOption(
      new Option(
        '--tls-ca <file>',
        'certificates (PEM) that sign the coordinator’s, for wss://',
      ).env('LOCKSTEP_TLS_CA'),
    )
    .option(
      '--data-dir <dir>',
      'folder with the dataset (default: found, or fetched from the coordinator)',
    )
    .addOption(
      new Option(
        '--retry-for <seconds>',
        'how long to keep trying to connect ' +
          `(default: ${FIRST_RETRY_SECONDS}, or ${RETRY_SECONDS} once the worker has joined)`,
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--corrupt <probability>',
        'flip a bit of a sum with this probability, to test --audit',
      ).argParser(fraction),
    )
    .option('--json', 'print events as JSON, one per line')
    .action(joinRun);
}

async function joinRun(text: string, options: WorkerOptions, command: Command): Promise<void> {
  const { name, dataDir, retryFor, corrupt, threads = defaultThreadCount() } = options;
  const token = givenToken(command) ?? undefined;
  // The coordinator's own process started this worker.
  const ownIdentity = process.env[OWN_IDENTITY];
  const address = parseCoordinatorAddress(text);
  const trust = trustOf(options);
  const coordinator = coordinatorSource(address, trust, token);
  endWithLauncher();
  // Not at the end of the process: a worker that is killed would leave no compile cache for the
  // next worker.
  flushCompileCache();
  const report = createWorkerReporter(options);
  const openEngineAloud = (numerics: Numerics): Engine => {
    const message = engineNotice(numerics);
    if (message) report({ event: 'notice', code: 'engine', message });
    return openEngineFor(numerics, threads);
  };
  await runWorker(
    {
      url: address.url,
      dial: (signal) => dialWebSocket(address, trust, signal),
      session: {
        clock: systemClock,
        openEngine: openEngineAloud,
        createComputer: (...bench) => createComputer(...bench, threads),
        identity: {
          name,
          pid: process.pid,
          numerics: availableNumerics(),
          threads,
          runtime: 'node',
          ...(token !== undefined && { token }),
          ...(ownIdentity !== undefined && { identity: ownIdentity }),
        },
        loadDataset: createDatasetLoader(workerSources(dataDir, coordinator), report, threads),
        pause: () => setImmediate(),
        usage: processUsage,
        corrupt: corrupt === undefined ? undefined : createCorruption(corrupt),
      },
      clock: systemClock,
      random: Math.random,
      firstRetryMs: (retryFor ?? FIRST_RETRY_SECONDS) * 1000,
      retryMs: (retryFor ?? RETRY_SECONDS) * 1000,
      report,
    },
    interruptionSignal(),
  );
}

/** Keeps the last dataset, so that a worker that reconnects does not read it again. */
function createDatasetLoader(
  sources: readonly ContentSource[],
  report: (event: DataEvent) => void,
  threads: number,
) {
  let last: { key: string; dataset: Dataset } | undefined;
  return async (manifest: DatasetManifest, signal: AbortSignal): Promise<Dataset> => {
    const key = JSON.stringify(manifest);
    if (last?.key !== key) {
      const { dataset } = await loadDataset(manifest, sources, { signal, report });
      last = { key, dataset: threads > 1 ? inSharedMemory(dataset) : dataset };
    }
    return last.dataset;
  };
}

function createWorkerReporter(options: WorkerOptions): (event: WorkerEvent | DataEvent) => void {
  if (isJsonAsked(options)) return createJsonPrinter(process.stdout);
  const console = createConsole(process.stdout, { isLog: true });
  return (event) => printEvent(console, event);
}

function printEvent(console: Console, event: WorkerEvent | DataEvent): void {
  switch (event.event) {
    case 'joined':
      return console.print(`Joined ${event.url} as rank ${event.rank}.`);
    case 'retry':
      return console.print(
        `${event.reason}; trying again in ${(event.delayMs / 1000).toFixed(1)} s.`,
        'warn',
      );
    case 'left':
      return console.print(describeEnd(event), event.outcome === 'failed' ? 'warn' : 'info');
    case 'notice':
      return console.print(event.message, event.code === 'data' ? 'info' : 'warn');
    case 'download':
      return showDataEvent(console, event);
  }
}

function describeEnd(event: WorkerEvent & { event: 'left' }): string {
  if (event.outcome === 'failed') return `The run has failed: ${event.reason}`;
  return event.outcome === 'finished' ? 'The run is finished.' : 'Left the run.';
}

function trustOf({ tlsCa }: WorkerOptions): Trust {
  if (tlsCa === undefined) return {};
  try {
    return { ca: readShortText(tlsCa) };
  } catch (error) {
    throw new LockstepError('FILE', `cannot read --tls-ca ${tlsCa}: ${reasonOf(error)}.`);
  }
}
