import { describe, expect, test } from 'vitest';
import {
  figuresOf,
  statusSentence,
  titleOf,
} from '../../../../../worker/browser/page/sentences.ts';
import {
  INVITED,
  type TabPhase,
  type TabState,
} from '../../../../../worker/browser/page/tab-state.ts';

const run = {
  ...{ dataset: 'toy', model: '4-2', parameterCount: 10, microBatchCount: 8 },
  ...{ numerics: 'strict', tile: '6x16' },
};
const state = (phase: TabPhase, others: Partial<TabState> = {}): TabState => ({
  ...INVITED,
  phase,
  ...others,
});

describe('what a tab says', () => {
  test.for([
    [state('invited'), 'Nothing runs before you press Start.'],
    [state('preparing'), 'The page gets the training data.'],
    [
      state('preparing', { loaded: { receivedBytes: 5e6, totalBytes: 55e6 } }),
      'The page gets the training data: 5 MB of 55 MB.',
    ],
    [state('computing', { rank: 0 }), 'This tab is worker 0 of the run, and computes.'],
    [
      state('lost', { reason: 'connection lost' }),
      'There is no connection to the run (connection lost). The page tries again by itself.',
    ],
    [state('finished'), 'The run is finished. You may close this tab.'],
    [
      state('finished', { work: { ...INVITED.work, examples: 1 } }),
      'The run is finished. Thank you: this tab computed 1 example. You may close it.',
    ],
    [state('failed', { reason: 'a wrong token' }), 'This tab cannot take part: a wrong token.'],
  ] as const)('in %o is %j', ([given, text]) => {
    expect(statusSentence(given)).toBe(text);
  });

  test('is a sentence and a title in every phase', () => {
    const phases: TabPhase[] = [
      ...(['invited', 'connecting', 'preparing', 'computing', 'lost', 'leaving'] as const),
      ...(['paused', 'dismissed', 'finished', 'run-failed', 'failed'] as const),
    ];
    for (const phase of phases) {
      expect(statusSentence(state(phase, { reason: 'why' }))).toMatch(/^[A-Z].*\.$/);
      expect(titleOf(state(phase))).toMatch(/^[A-Z][a-z ]+ · Lockstep$/);
    }
  });
});

describe('the figures of a tab', () => {
  test('are none before there is a run', () => {
    expect(figuresOf(INVITED)).toEqual([]);
  });

  test('are speed, gift, data, model and arithmetic', () => {
    const work = { shares: 1, sums: 2, examples: 1234, examplesPerSecond: 5678.4 };
    expect(figuresOf(state('computing', { run, work, threads: 2 }))).toEqual([
      { name: 'Speed', value: '5,678 examples/s' },
      { name: 'Computed', value: '1,234 examples' },
      { name: 'Answers', value: '1 share, 2 sums' },
      { name: 'Data', value: 'toy' },
      { name: 'Model', value: '4-2 (10 parameters)' },
      { name: 'Arithmetic', value: 'strict numerics, fast kernels, 2 threads' },
    ]);
  });

  test('say so where the kernels are slow', () => {
    const slow = figuresOf(state('paused', { run: { ...run, tile: 'plain' } }));
    expect(slow.at(-1)?.value).toMatch(/plain kernels, 100 times slower/);
    expect(slow[0].value).toBe('–');
  });
});
