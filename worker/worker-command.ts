import { flushCompileCache } from 'node:module';
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../shared/clock.ts';
import { type Console, createConsole } from '../shared/console.ts';
import type { Dataset } from '../shared/data/dataset.ts';
import { type DataEvent, loadDataset, workerSources } from '../shared/data/load-dataset.ts';
import type { DatasetManifest } from '../shared/data/manifest.ts';
import { showDataEvent } from '../shared/data/show-data-event.ts';
import { endWithLauncher, interruptionSignal } from '../shared/interruption.ts';
import { availableNumerics, engineNotice, openEngine } from '../shared/load-engine.ts';
import { fraction, shortText, tokenOption, wholeNumber } from '../shared/option-parsers.ts';
import { processUsage } from '../shared/process-usage.ts';
import { NAME_LENGTH_MAX } from '../shared/protocol/limits.ts';
import { runWorker, type WorkerEvent } from './run-worker.ts';
import { dialWebSocket } from './websocket-dial.ts';

interface WorkerOptions {
  readonly name: string;
  readonly token?: string;
  readonly dataDir?: string;
  readonly retryFor?: number;
  readonly corrupt?: number;
  readonly json?: true;
}

const FIRST_RETRY_SECONDS = 20;
const RETRY_SECONDS = 600;

export function workerCommand(): Command {
  return new Command('worker')
    .summary('join a coordinator and compute')
    .description(
      'Joins a coordinator and computes gradients for it until its run is finished.\n' +
        'Ctrl-C or SIGTERM lets it finish its share and leave; the run goes on with the others.',
    )
    .argument('<url>', 'address of the coordinator, such as ws://127.0.0.1:8080', coordinatorUrl)
    .addOption(
      new Option('--name <name>', 'shown in logs and pictures')
        .default(`${hostname()}-${process.pid}`.slice(0, NAME_LENGTH_MAX), 'host name and process id')
        .argParser(shortText(NAME_LENGTH_MAX)),
    )
    .addOption(tokenOption('the secret of the coordinator, if it has one'))
    .option('--data-dir <dir>', 'folder with the dataset (default: found, or fetched from the coordinator)')
    .addOption(
      new Option(
        '--retry-for <seconds>',
        `keep trying to connect for so long (default: ${FIRST_RETRY_SECONDS}, once joined ${RETRY_SECONDS})`,
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--corrupt <probability>',
        'flip a bit of a sum so often, to see it caught by --audit',
      ).argParser(fraction),
    )
    .option('--json', 'print events as JSON, a line each')
    .action(async (url: string, options: WorkerOptions) => {
      endWithLauncher();
      // Now, not at its end: a worker that is killed would leave nothing for the next one to start with.
      flushCompileCache();
      const console = createConsole(process.stdout);
      const report = options.json
        ? (event: WorkerEvent | DataEvent) => console.print(JSON.stringify(event))
        : (event: WorkerEvent | DataEvent) => printEvent(console, event);
      await runWorker(
        {
          url,
          dial: (signal) => dialWebSocket(url, signal),
          session: {
            clock: systemClock,
            openEngine(numerics) {
              const message = engineNotice(numerics);
              if (message) report({ event: 'notice', code: 'engine', message });
              return openEngine(numerics);
            },
            identity: {
              name: options.name,
              pid: process.pid,
              numerics: availableNumerics(),
              ...(options.token !== undefined && { token: options.token }),
            },
            loadDataset: createDatasetLoader(url, options.dataDir, report),
            pause: () => setImmediate(),
            usage: processUsage,
            corrupt: options.corrupt === undefined ? undefined : createCorruption(options.corrupt),
          },
          clock: systemClock,
          random: Math.random,
          firstRetryMs: (options.retryFor ?? FIRST_RETRY_SECONDS) * 1000,
          retryMs: (options.retryFor ?? RETRY_SECONDS) * 1000,
          report,
        },
        interruptionSignal(),
      );
    });
}

/** Keeps the last dataset, so that a worker that comes back does not read it again. */
function createDatasetLoader(url: string, dataDir: string | undefined, report: (event: DataEvent) => void) {
  let last: { key: string; dataset: Dataset } | undefined;
  return async (manifest: DatasetManifest, signal: AbortSignal): Promise<Dataset> => {
    const key = JSON.stringify(manifest);
    if (last?.key !== key) {
      const sources = workerSources(dataDir, url);
      const { dataset } = await loadDataset(manifest, sources, { signal, report });
      last = { key, dataset };
    }
    return last.dataset;
  };
}

/** Flips a random bit of a vector, with the given probability. */
function createCorruption(probability: number): (vector: Float32Array) => void {
  return (vector) => {
    if (Math.random() >= probability) return;
    const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
    words[Math.floor(Math.random() * words.length)] ^= 1 << Math.floor(Math.random() * 32);
  };
}

function printEvent(console: Console, event: WorkerEvent | DataEvent): void {
  switch (event.event) {
    case 'joined':
      return console.print(`Joined ${event.url} as rank ${event.rank}.`);
    case 'retry':
      return console.print(`${event.reason}; trying again in ${(event.delayMs / 1000).toFixed(1)} s.`);
    case 'left':
      return console.print(event.outcome === 'finished' ? 'The run is finished.' : 'Left in good order.');
    case 'notice':
      return console.print(event.message);
    case 'download':
      return showDataEvent(console, event);
  }
}

function coordinatorUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['ws:', 'wss:'].includes(url.protocol) && url.hash === '') return text;
  throw new InvalidArgumentError('Give an address such as ws://127.0.0.1:8080.');
}
