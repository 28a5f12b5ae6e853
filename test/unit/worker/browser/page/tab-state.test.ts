import { describe, expect, test } from 'vitest';
import {
  applyNews,
  canStart,
  INVITED,
  isActive,
  leaving,
  type TabState,
} from '../../../../../worker/browser/page/tab-state.ts';
import type { TabNews } from '../../../../../worker/browser/tab-messages.ts';

const run = {
  ...{ dataset: 'toy', model: '4-2', parameterCount: 10, microBatchCount: 8 },
  ...{ numerics: 'fused', tile: '6x16' },
};
const CONNECTING = { event: 'connecting' } as const;
const WELCOME = { event: 'welcome', identity: 'me', run } as const;
const JOINED = { event: 'joined', url: 'ws://a', rank: 3 } as const;
const RETRY = { event: 'retry', reason: 'connection lost', delayMs: 9 } as const;
const DRAINED = { event: 'left', outcome: 'drained' } as const;

const stateAfter = (...news: TabNews[]): TabState => news.reduce(applyNews, INVITED);

describe('the state of a tab', () => {
  test('goes from an invitation to computing, and knows what it computes', () => {
    const data = { event: 'dataset', receivedBytes: 5, totalBytes: 9 } as const;
    expect(stateAfter(CONNECTING).phase).toBe('connecting');
    expect(stateAfter(CONNECTING, WELCOME, data)).toMatchObject({
      ...{ phase: 'preparing', run, loaded: { receivedBytes: 5, totalBytes: 9 } },
    });
    expect(stateAfter(CONNECTING, WELCOME, data, JOINED)).toMatchObject({
      phase: 'computing',
      rank: 3,
    });
  });

  test('knows how many threads take part, and begins again with one', () => {
    const threads = { event: 'threads', count: 3 } as const;
    expect(stateAfter(CONNECTING, WELCOME, threads).threads).toBe(3);
    expect(stateAfter(CONNECTING, WELCOME, threads, RETRY, WELCOME).threads).toBe(1);
  });

  test('says why the connection is lost, until there is another one', () => {
    const lost = stateAfter(CONNECTING, WELCOME, JOINED, RETRY);
    expect(lost).toMatchObject({ phase: 'lost', reason: 'connection lost' });
    expect(applyNews(applyNews(lost, WELCOME), JOINED).phase).toBe('computing');
  });

  test('is paused only if the user wanted that', () => {
    const computing = stateAfter(CONNECTING, WELCOME, JOINED);
    expect(applyNews(leaving(computing), DRAINED).phase).toBe('paused');
    expect(applyNews(computing, DRAINED).phase).toBe('dismissed');
    expect(leaving(INVITED)).toBe(INVITED);
  });

  test('stays leaving, whatever the connection does, until it has left', () => {
    const state = leaving(stateAfter(CONNECTING, WELCOME, JOINED));
    for (const news of [RETRY, WELCOME, JOINED])
      expect(applyNews(state, news).phase).toBe('leaving');
  });

  test('keeps what was given when the run ends, but no speed', () => {
    const work = { shares: 2, sums: 3, examples: 40, examplesPerSecond: 70 };
    const end = stateAfter(
      WELCOME,
      JOINED,
      { event: 'work', work },
      {
        event: 'left',
        outcome: 'finished',
      },
    );
    expect(end).toMatchObject({ phase: 'finished', work: { ...work, examplesPerSecond: 0 } });
  });

  test('can begin again except where the same would happen', () => {
    const failed = (isForGood: boolean) =>
      stateAfter(CONNECTING, { event: 'failed', code: 'X', message: 'why', isForGood });
    expect(canStart(INVITED)).toBe(true);
    expect(canStart(failed(false))).toBe(true);
    expect(canStart(failed(true))).toBe(false);
    expect(canStart(stateAfter(WELCOME, JOINED))).toBe(false);
    expect(isActive(stateAfter(WELCOME, JOINED, RETRY))).toBe(true);
    expect(isActive(failed(false))).toBe(false);
  });
});
