import { deskIn, failJob } from '../../shared/engine/threads/thread-desk.ts';
import type { ThreadData, ThreadNews } from '../../shared/threads/serve-desk.ts';
import {
  type ComputeThread,
  createPlaces,
  joinTeam,
  type StartTeam,
  threadData,
} from '../../shared/threads/team-computer.ts';

/*
 * The further threads of a tab. Browsers share memory between threads only where the page is
 * secure, and isolated from pages elsewhere. A thread that the browser cannot start is not in the
 * team, and the others do its work.
 */

/** Whether threads can share memory here. */
export const canShareMemory = (): boolean =>
  globalThis.crossOriginIsolated && 'SharedArrayBuffer' in globalThis;

/**
 * Returns a function that starts the threads that work for this one. `onReady` gets the number of
 * threads that take part, this one included, whenever one more is ready.
 */
export const startTabTeam =
  (onReady: (count: number) => void): StartTeam =>
  (engine, config, dataset, threadCount) => {
    const places = createPlaces(engine, threadCount - 1);
    const isSpinning = threadCount <= navigator.hardwareConcurrency;
    const threads = threadData(engine, config, dataset, places, isSpinning).map(startThread);
    let count = 1;
    joinTeam(engine, threads);
    for (const { ready } of threads) void ready.then(() => onReady(++count));
    return threads;
  };

function startThread(data: ThreadData): ComputeThread {
  const desk = deskIn(data.place.words, data.place.numbers, data.isSpinning);
  const thread = new Worker(new URL('./tab-thread.ts', import.meta.url), { type: 'module' });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const fail = (reason: string) => {
    ended.resolve(reason);
    failJob(desk);
  };
  thread.onmessage = ({ data: news }: MessageEvent<ThreadNews>) => {
    if (news === 'ready') ready.resolve();
    else ended.resolve(news.failure);
  };
  thread.onerror = ({ message }) => fail(message || 'the browser did not start it');
  thread.postMessage(data);
  return {
    desk,
    ready: ready.promise,
    ended: ended.promise,
    end() {
      thread.terminate();
      fail('it was ended');
    },
  };
}
