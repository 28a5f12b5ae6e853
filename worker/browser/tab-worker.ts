import './no-eval.ts';
import { isPermanent, LockstepError, reasonOf } from '../../shared/errors.ts';
import { NETWORK_CHUNK_BYTES, TOKEN_HEADER } from '../../shared/protocol/limits.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { createTeamComputer, inSharedMemory } from '../../shared/threads/team-computer.ts';
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
import { canShareMemory, startTabTeam } from './tab-threads.ts';
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

const isShared = canShareMemory();
const KERNELS = {
  fused: {
    module: new URL('../../shared/engine/assembly/fused.wasm', import.meta.url),
    shared: new URL('../../shared/engine/assembly/fused-shared.wasm', import.meta.url),
  },
  strict: {
    module: new URL('../../shared/engine/assembly/strict.wasm', import.meta.url),
    shared: new URL('../../shared/engine/assembly/strict-shared.wasm', import.meta.url),
  },
};

const pace = createPace(systemClock, createTurn());
const store = openContentStore();
const onAnswered = createWorkMeter(systemClock.now, (work) => tell({ event: 'work', work }));
let engines: TabEngines | undefined;
/** Undefined: the tab takes no part. */
let taking: AbortController | undefined;
let loader: WorkerSessionOptions['loadDataset'] | undefined;
let identity: string | undefined;
let isHidden = false;

const tell = (news: TabNews): void => postMessage(news);
const tellThreads = (count: number): void => tell({ event: 'threads', count });

addEventListener('message', ({ data }: MessageEvent<TabOrder>) => {
  switch (data.order) {
    case 'start':
      pace.effort = data.start.effort;
      isHidden = data.start.isHidden;
      if (!taking) void takePart(data.start);
      return;
    case 'effort':
      pace.effort = data.effort;
      return;
    case 'visibility':
      isHidden = data.isHidden;
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
    engines ??= await loadTabEngines(isShared ? KERNELS : withoutShared(KERNELS));
    await join(start, engines, controller.signal);
  } catch (error) {
    const code = error instanceof LockstepError ? error.code : 'INTERNAL';
    tell({ event: 'failed', code, message: reasonOf(error), isForGood: isPermanent(error) });
  } finally {
    taking = undefined;
  }
}

const withoutShared = ({ fused, strict }: typeof KERNELS) => ({
  fused: { module: fused.module },
  strict: { module: strict.module },
});

function join(start: TabStart, { numerics, tileOf, open }: TabEngines, signal: AbortSignal) {
  const { base, token, name, runtime, corrupt } = start;
  identity ??= start.identity;
  loader ??= createLoader(start);
  const threads = isShared ? start.threads : 1;
  const url = base.replace(/^http/, 'ws');
  const session = {
    clock: systemClock,
    openEngine: (numerics) => open(numerics, threads),
    createComputer: (...bench) =>
      pace.watch(createTeamComputer(...bench, threads, startTabTeam(tellThreads))),
    identity: {
      name,
      numerics: [...numerics],
      threads,
      runtime,
      ...(token !== undefined && { token }),
      ...(identity !== undefined && { identity }),
    },
    loadDataset: loader,
    pause: pace.pause,
    // A browser takes twice as long for one message as for the same bytes in four.
    chunkBytes: NETWORK_CHUNK_BYTES,
    // A page does not learn more of its processor time.
    usage: () => ({ cpuMs: threads * pace.busyMs, throttledMs: 0 }),
    isHidden: () => isHidden,
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
    place: isShared ? inSharedMemory : (dataset) => dataset,
    request: (sha256, signal) => fetch(new URL(`data/${sha256}`, base), { headers, signal }),
    onProgress: (receivedBytes, totalBytes) =>
      tell({ event: 'dataset', receivedBytes, totalBytes }),
  });
}
