import type { TabNews, TabRun, TabWork } from '../tab-messages.ts';

/*
 * The states of the page:
 *
 *   invited ──Start──► connecting ──welcome──► preparing ──joined──► computing
 *                          ▲                       │                   │  │
 *                          └──────── lost ◄────────┴───────────────────┘  │ Pause
 *                                                                         ▼
 *   finished, run-failed, dismissed, failed: the end       paused ◄── leaving
 *
 * From paused, dismissed and failed, Start begins again.
 */
export type TabPhase =
  | 'invited'
  | 'connecting'
  | 'preparing'
  | 'computing'
  | 'lost'
  | 'leaving'
  | 'paused'
  | 'dismissed'
  | 'finished'
  | 'run-failed'
  | 'failed';

export interface TabState {
  readonly phase: TabPhase;
  readonly rank: number | undefined;
  readonly run: TabRun | undefined;
  readonly work: TabWork;
  /** The threads that take part. */
  readonly threads: number;
  /** How much of the dataset is here. */
  readonly loaded: { readonly receivedBytes: number; readonly totalBytes: number } | undefined;
  /** Why the connection is lost, or what has failed. */
  readonly reason: string;
  /** Whether it would fail again. */
  readonly isForGood: boolean;
}

export const INVITED: TabState = {
  phase: 'invited',
  rank: undefined,
  run: undefined,
  work: { shares: 0, sums: 0, examples: 0, examplesPerSecond: 0 },
  threads: 1,
  loaded: undefined,
  reason: '',
  isForGood: false,
};

/** Whether the tab takes part, or is about to. */
export const isActive = ({ phase }: TabState): boolean =>
  ['connecting', 'preparing', 'computing', 'lost', 'leaving'].includes(phase);

/** Whether there is a run to begin with, or to come back to. */
export const canStart = ({ phase, isForGood }: TabState): boolean =>
  ['invited', 'paused', 'dismissed'].includes(phase) || (phase === 'failed' && !isForGood);

/** The user wants a pause. */
export const leaving = (state: TabState): TabState =>
  isActive(state) ? { ...state, phase: 'leaving' } : state;

/** The state after news of the worker. */
export function applyNews(state: TabState, news: TabNews): TabState {
  const to = (phase: TabPhase): TabPhase => (state.phase === 'leaving' ? 'leaving' : phase);
  switch (news.event) {
    case 'connecting':
      return { ...state, phase: to('connecting'), reason: '' };
    case 'welcome':
      return { ...state, phase: to('preparing'), run: news.run, threads: 1, loaded: undefined };
    case 'dataset': {
      const { receivedBytes, totalBytes } = news;
      return { ...state, loaded: { receivedBytes, totalBytes } };
    }
    case 'joined':
      return { ...state, phase: to('computing'), rank: news.rank };
    case 'work':
      return { ...state, work: news.work };
    case 'threads':
      return { ...state, threads: news.count };
    case 'retry':
      return { ...state, phase: to('lost'), reason: news.reason };
    case 'left':
      return ended(state, news);
    case 'failed': {
      const { message, isForGood } = news;
      return { ...state, phase: 'failed', reason: message, isForGood };
    }
    case 'notice':
      return state;
  }
}

function ended(state: TabState, news: TabNews & { event: 'left' }): TabState {
  const still = { ...state, work: { ...state.work, examplesPerSecond: 0 } };
  switch (news.outcome) {
    case 'finished':
      return { ...still, phase: 'finished' };
    case 'failed':
      return { ...still, phase: 'run-failed', reason: news.reason };
    case 'drained':
      return { ...still, phase: state.phase === 'leaving' ? 'paused' : 'dismissed' };
  }
}
