import './no-eval.ts';
import { isPermanent, LockstepError, reasonOf } from '../../shared/errors.ts';
import { NETWORK_CHUNK_BYTES, TOKEN_HEADER } from '../../shared/protocol/limits.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { createCorruption } from '../corruption.ts';
import { runWorker } from '../run-worker.ts';
import type { WorkerSessionOptions } from '../worker-session.ts';
import { openContentStore } from './content-store.ts';
import { createPace } from './pace.ts';
import { createTabDatasetLoader } from './tab-dataset.ts';
import { dialFromTab } from './tab-dial.ts';
import { loadTabEngines, type TabEngines } from './tab-engines.ts';
import type { TabNews, TabOrder, TabStart } from './tab-messages.ts';
import { describeTabRun } from './tab-run.ts';
import { createTurn } from './turn.ts';
import { createWorkMeter } from './work-meter.ts';

/*
 * The worker of a tab: the session of `worker/`, with the clock, the socket, the engine and the
 * store of a browser. It runs in a thread of its own, which the page does not hold up, and it goes
 * on while the page is hidden. Each message of the coordinator wakes it: no timer does.
 */

/** A coordinator that is gone for longer does not come back, or has another address. */
const RETRY_MS = 60 * 60_000;
const FIRST_RETRY_MS = 20_000;

const KERNELS = {
  fused: new URL('../../shared/engine/assembly/fused.wasm', import.meta.url),
  strict: new URL('../../shared/engine/assembly/strict.wasm', import.meta.url),
};

const pace = createPace(systemClock, createTurn());
const store = openContentStore();
const onAnswered = createWorkMeter(systemClock.now, (work) => tell({ event: 'work', work }));
let engines: TabEngines | undefined;
/** Undefined: the tab takes no part. */
let taking: AbortController | undefined;
let loader: WorkerSessionOptions['loadDataset'] | undefined;
let identity: string | undefined;

const tell = (news: TabNews): void => postMessage(news);

addEventListener('message', ({ data }: MessageEvent<TabOrder>) => {
  switch (data.order) {
    case 'start':
      pace.effort = data.start.effort;
      if (!taking) void takePart(data.start);
      return;
    case 'effort':
      pace.effort = data.effort;
      return;
    case 'pause':
      taking?.abort();
  }
});

async function takePart(start: TabStart): Promise<void> {
  const controller = new AbortController();
  taking = controller;
  try {
    tell({ event: 'connecting' });
    engines ??= await loadTabEngines(KERNELS);
    await join(start, engines, controller.signal);
  } catch (error) {
    const code = error instanceof LockstepError ? error.code : 'INTERNAL';
    tell({ event: 'failed', code, message: reasonOf(error), isForGood: isPermanent(error) });
  } finally {
    taking = undefined;
  }
}

function join(start: TabStart, { numerics, tileOf, open }: TabEngines, signal: AbortSignal) {
  const { base, token, name, runtime, corrupt } = start;
  identity ??= start.identity;
  loader ??= createLoader(start);
  const url = base.replace(/^http/, 'ws');
  const session = {
    clock: systemClock,
    openEngine: open,
    createComputer: (...[engine, config, , workload]) =>
      pace.watch(createPartialSumComputer(engine, config, workload)),
    identity: {
      name,
      numerics: [...numerics],
      threads: 1,
      runtime,
      ...(token !== undefined && { token }),
      ...(identity !== undefined && { identity }),
    },
    loadDataset: loader,
    pause: pace.pause,
    // A browser takes twice as long for one message as for the same bytes in four.
    chunkBytes: NETWORK_CHUNK_BYTES,
    // A page does not learn more of its processor time.
    usage: () => ({ cpuMs: pace.busyMs, throttledMs: 0 }),
    corrupt: corrupt > 0 ? createCorruption(corrupt) : undefined,
    onAnswered,
    onWelcome(issued: string, config: RunConfig) {
      identity = issued;
      const run = describeTabRun(config, tileOf(config.numerics));
      tell({ event: 'welcome', identity: issued, run });
    },
  } satisfies Omit<WorkerSessionOptions, 'onJoined'>;
  return runWorker(
    {
      url,
      dial: (signal) => dialFromTab(url, signal),
      session,
      clock: systemClock,
      random: Math.random,
      firstRetryMs: FIRST_RETRY_MS,
      retryMs: RETRY_MS,
      report: tell,
    },
    signal,
  );
}

function createLoader({ base, token }: TabStart): WorkerSessionOptions['loadDataset'] {
  const headers = token === undefined ? {} : { [TOKEN_HEADER]: token };
  return createTabDatasetLoader({
    store,
    request: (sha256, signal) => fetch(new URL(`data/${sha256}`, base), { headers, signal }),
    onProgress: (receivedBytes, totalBytes) =>
      tell({ event: 'dataset', receivedBytes, totalBytes }),
  });
}
