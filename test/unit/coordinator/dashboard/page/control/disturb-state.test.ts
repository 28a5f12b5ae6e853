import { describe, expect, test } from 'vitest';
import type { RunView } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  controlMoment,
  type DisturbState,
  disturbNote,
  disturbTitle,
  isKept,
  modeOf,
  NOTHING_DISTURBED,
  placeOfRate,
  RATES,
  rateText,
  sentenceOf,
  shownRates,
  whyNoFlip,
} from '../../../../../../coordinator/dashboard/page/control/disturb-state.ts';
import { createCounters } from '../../../../../../coordinator/reporting/pool-events.ts';
import { toyView, toyWorker } from '../../../../../support/toy-view.ts';

const CALM = { kill: 0, stall: 0, leave: 0, join: 0, stallMs: 500 };
const LIVE = { may: true, actions: ['stop', 'kill', 'start'], chaos: CALM } as const;
const END = { message: '', testAccuracy: null, parametersSha256: null, totalSeconds: null };

const knowing = (control: DisturbState['control']): DisturbState => ({
  ...NOTHING_DISTURBED,
  control,
});

describe('the panel', () => {
  test.for([
    ['past', toyView(), LIVE],
    ['over', toyView({ status: { end: END } }), LIVE],
    ['asking', toyView(), undefined],
    ['unknown', toyView(), 'the answer is 502'],
    ['watching', toyView(), { ...LIVE, may: false }],
    ['live', toyView(), LIVE],
  ] as const)('is %s, and says so in a sentence', ([mode, view, control]) => {
    const state = knowing(control);
    expect(modeOf(view, state, mode === 'past' ? 7 : null)).toBe(mode);
    expect(disturbTitle(mode, view, state)).toMatch(/^[A-Z][^.]*\.$/);
    if (mode === 'over') return expect(disturbNote(mode, state)).toBe('');
    for (const sentence of disturbNote(mode, state).split(/(?<=\.) /))
      expect(sentence).toMatch(/^[A-Z][^.]*\.$/);
  });

  test('of a page that may only watch says what it needs', () => {
    const state = knowing({ ...LIVE, may: false });
    expect(disturbNote('watching', state)).toMatch(
      /^With the token of the coordinator, workers are killed.* the hash stays the same\./,
    );
  });

  test('says how many workers there are, and which faults happen by chance', () => {
    const titleOf = (ranks: number[], chaos: Partial<typeof CALM> | null = {}) =>
      disturbTitle(
        'live',
        toyView({ status: { workers: ranks.map((rank) => toyWorker(rank)) } }),
        knowing({ ...LIVE, chaos: chaos && { ...CALM, ...chaos } }),
      );
    expect(titleOf([])).toBe('No worker is here to be disturbed.');
    expect(titleOf([3])).toBe('1 worker can be disturbed.');
    expect(titleOf([0, 1], null)).toBe('2 workers can be disturbed.');
    expect(titleOf([0], { kill: 1 })).toBe('Faults happen by chance: 1 kill per second.');
    expect(titleOf([0], { kill: 0.2, stall: 2, join: 1 })).toBe(
      'Faults happen by chance: 0.2 kills, 2 stalls and 1 join per second.',
    );
  });
});

test('the hash is kept unless the run has failed, or wrong sums may not all be found', () => {
  const isKeptIn = (
    state: 'training' | 'done' | 'failed',
    wrongSums: number,
    auditFraction: number,
  ) => {
    const { status, facts } = toyView({
      status: { state, counters: { ...createCounters(), wrongSums } },
      facts: { auditFraction },
    });
    return isKept(status, facts);
  };
  expect(isKeptIn('training', 0, 0)).toBe(true);
  expect(isKeptIn('done', 2, 1)).toBe(true);
  expect(isKeptIn('done', 2, 0.5)).toBe(false);
  expect(isKeptIn('failed', 0, 1)).toBe(false);
});

describe('a slider', () => {
  test('has a place for each of its rates', () => {
    expect(RATES.map(placeOfRate)).toEqual([...RATES.keys()]);
  });

  test.for([
    [-1, 0],
    [1e-9, 1],
    [0.3, 3],
    [0.35, 4],
    [10, 6],
  ])('shows the rate %d at the place %d', ([rate, place]) => {
    expect(placeOfRate(rate)).toBe(place);
  });

  test('shows what the user holds, then what the user wants, then what the coordinator has', () => {
    const chaos = { ...CALM, kill: 0.1, stall: 0.1, leave: 0.1 };
    const state = { ...NOTHING_DISTURBED, wanted: { kill: 1, stall: 1 } };
    expect(shownRates(chaos, { ...state, held: { fault: 'kill', rate: 2 } })).toEqual({
      ...{ kill: 2, stall: 1, leave: 0.1, join: 0, stallMs: 500 },
    });
  });

  test('says its rate with a unit, and how long a stall lasts', () => {
    expect(rateText('kill', 0, 500)).toBe('none');
    expect(rateText('kill', 0.05, 500)).toBe('0.05 per second');
    expect(rateText('stall', 1, 500)).toBe('1 per second, 0.5 s each');
  });
});

test('control is asked for again after each disturbance and by another coordinator', () => {
  const incident = { id: 0, revision: 1, time: 0, step: 0, message: '', count: 1 };
  const viewOf = (source: string, kinds: readonly string[]): RunView => ({
    ...toyView(),
    cursor: { source, step: 0, epoch: 0, revision: 0 },
    incidents: kinds.map((kind, i) => ({ ...incident, id: i, revision: i + 1, kind })) as never,
  });
  const first = controlMoment(viewOf('a', ['control']));
  expect(controlMoment(viewOf('a', ['control', 'late']))).toBe(first);
  const others = [viewOf('a', ['control', 'control']), viewOf('b', ['control']), viewOf('a', [])];
  const moments = new Set([first, ...others.map(controlMoment)]);
  expect(moments.size).toBe(4);
});

test('a bit can be flipped only if the run checks every sum', () => {
  const { facts } = toyView();
  expect(whyNoFlip({ ...LIVE, actions: ['corrupt'] }, facts)).toBeUndefined();
  expect(whyNoFlip(LIVE, facts)).toMatch(/this run checks no sum, .* Start it with --audit 1\.$/);
  const { facts: some } = toyView({ facts: { auditFraction: 0.3 } });
  expect(whyNoFlip(LIVE, some)).toContain('checks 30 % of all sums');
});

test('a message becomes a sentence', () => {
  expect(sentenceOf('no worker has rank 9')).toBe('No worker has rank 9.');
  expect(sentenceOf(' Killed rank 1. ')).toBe('Killed rank 1.');
  expect(sentenceOf('')).toBe('');
});
