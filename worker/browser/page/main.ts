import './tab.css';
import { render } from 'lit-html';
import { RUNTIME_LENGTH_MAX } from '../../../shared/protocol/limits.ts';
import type { TabNews, TabOrder } from '../tab-messages.ts';
import { browserName } from './browser-name.ts';
import { keep, readKept, takeFragment } from './kept.ts';
import { titleOf } from './sentences.ts';
import { applyNews, INVITED, isActive, leaving, type TabState } from './tab-state.ts';
import { threadLimit, threadsByDefault } from './threads.ts';
import { type TabChoices, view } from './view.ts';
import { createWakeLock } from './wake-lock.ts';

const fragment = takeFragment();
const given = fragment.get('token');
if (given !== null) keep({ token: given });

const browser = browserName(navigator.userAgent);
const kept = readKept();
const { isSecureContext, crossOriginIsolated } = window;
const cores = navigator.hardwareConcurrency;
const limit = threadLimit({ isSecureContext, crossOriginIsolated, cores });
let state: TabState = INVITED;
let choices: TabChoices = {
  name: kept.name ?? `${browser ?? 'tab'} ${Math.random().toString(36).slice(2, 6)}`,
  effort: kept.effort ?? 1,
  threads: Math.min(kept.threads ?? threadsByDefault(limit), limit.most),
};

const look = createWakeLock(() => isActive(state));
let worker: Worker | undefined;
const order = (message: TabOrder): void => worker?.postMessage(message);

/** Begins the thread that takes part. After a fault of its own, the next Start begins another. */
function beginWorker(): Worker {
  const begun = new Worker(new URL('../tab-worker.ts', import.meta.url), { type: 'module' });
  begun.onmessage = ({ data }: MessageEvent<TabNews>) => {
    if (data.event === 'welcome') keep({ identity: data.identity });
    show(applyNews(state, data));
  };
  begun.onerror = ({ message: fault }) => {
    begun.terminate();
    worker = undefined;
    const message = fault
      ? `a fault of Lockstep itself: ${fault}`
      : 'its program did not come over the network';
    show(applyNews(state, { event: 'failed', code: 'INTERNAL', message, isForGood: false }));
  };
  return begun;
}

function show(next: TabState): void {
  state = next;
  // A tab that is reloaded goes on, if it was taking part.
  keep({ isStarted: isActive(state) && state.phase !== 'leaving' });
  draw();
  look();
}

function draw(): void {
  document.title = titleOf(state);
  const place = document.getElementById('tab');
  if (place) render(view(state, choices, limit, { start, pause, choose }), place);
}

function start(): void {
  const { token, identity } = readKept();
  const base = new URL('./', location.href).href;
  const runtime = `browser ${browser ?? ''}`.trim().slice(0, RUNTIME_LENGTH_MAX);
  const corrupt = Number(fragment.get('corrupt') ?? 0);
  const isHidden = document.hidden;
  keep(choices);
  show({ ...state, phase: 'connecting', reason: '' });
  worker ??= beginWorker();
  const start = { ...choices, base, token, identity, runtime, corrupt, isHidden };
  order({ order: 'start', start });
}

function pause(): void {
  show(leaving(state));
  order({ order: 'pause' });
}

function choose(part: Partial<TabChoices>): void {
  choices = { ...choices, ...part };
  keep(part);
  if (part.effort !== undefined) order({ order: 'effort', effort: part.effort });
  draw();
}

document.addEventListener('visibilitychange', () =>
  order({ order: 'visibility', isHidden: document.hidden }),
);
if (kept.isStarted) start();
else draw();
