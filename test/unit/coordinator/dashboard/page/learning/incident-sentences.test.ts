import { describe, expect, test } from 'vitest';
import { emptyView, type RunView } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  incidentNotes,
  incidentsSentence,
} from '../../../../../../coordinator/dashboard/page/learning/incident-sentences.ts';
import {
  createCounters,
  type PoolCounters,
} from '../../../../../../coordinator/reporting/pool-events.ts';
import { toyView } from '../../../../../support/toy-curves.ts';

function viewOf(
  incidentCounts: RunView['incidentCounts'],
  counters: Partial<PoolCounters> = {},
  more: Partial<RunView> = {},
): RunView {
  const all = { ...createCounters(), ...counters };
  const status = { state: 'training', counters: all } as RunView['status'];
  return { ...emptyView(), status, incidentCounts, ...more };
}

describe('the title of what happened', () => {
  const titleOf = (...view: Parameters<typeof viewOf>) => incidentsSentence(viewOf(...view));

  test('says that nothing went wrong', () => {
    expect(incidentsSentence(emptyView())).toBe('Nothing has happened yet.');
    expect(titleOf({ joined: 3, checkpoint: 2 })).toBe('3 workers joined, and nothing went wrong.');
    expect(titleOf({ joined: 1 })).toBe('1 worker joined, and nothing went wrong.');
  });

  test('sums up what went wrong, and what it cost', () => {
    expect(titleOf({ lost: 2 }, { reassignedShares: 9 })).toBe(
      '2 workers dropped out, and no work was lost: 9 shares were computed again.',
    );
    expect(titleOf({ lost: 1 })).toBe('1 worker dropped out, and no work was lost.');
    expect(titleOf({ lost: 2, expelled: 1 }, { lateShares: 31, reassignedShares: 1 })).toBe(
      '2 workers dropped out, 1 worker gave wrong sums and 31 shares were late, ' +
        'and no work was lost: 1 share was computed again.',
    );
  });

  test('does not say that no work was lost if the run has failed', () => {
    const failed = { status: { state: 'failed', counters: null } as RunView['status'] };
    expect(titleOf({ joined: 1 }, {}, failed)).toBe('The run has failed.');
    expect(titleOf({ lost: 2 }, {}, failed)).toBe(
      'The run has failed, after 2 workers dropped out.',
    );
  });
});

describe('the notes of what happened', () => {
  test('say what the audits have found', () => {
    expect(incidentNotes(viewOf({}, { auditedSums: 1204 }))).toEqual([
      '1,204 sums were computed twice, and all were equal.',
    ]);
    expect(incidentNotes(viewOf({}, { auditedSums: 1204, wrongSums: 1 }))).toEqual([
      '1,204 sums were computed twice, and 1 was wrong.',
    ]);
    expect(incidentNotes(viewOf({}))).toEqual([]);
  });

  test('compare the speed with that of the steps with the most workers, once some are gone', () => {
    const speeds = [
      { workers: 1, steps: 500, examples: 50_000, milliseconds: 20_000 },
      { workers: 2, steps: 100, examples: 10_000, milliseconds: 1600 },
    ];
    const { history } = toyView(Array.from({ length: 600 }, () => 1));
    const notesOf = (counts: RunView['incidentCounts'], more: Partial<RunView> = {}) =>
      incidentNotes(viewOf(counts, {}, { speeds, history, ...more }));
    expect(notesOf({ lost: 1 })).toEqual([
      'All steps together ran at 80 % of the speed of the 100 steady steps with 2 workers, ' +
        'the most (5,000 of 6,250 examples/s).',
    ]);
    const incidents = [{ kind: 'start', step: 500 } as RunView['incidents'][number]];
    expect(notesOf({ lost: 1 }, { incidents })[0]).toMatch(/^All steps after step 500 ran at 80 %/);
    expect(notesOf({ joined: 2 })).toEqual([]);
    expect(notesOf({ lost: 1 }, { speeds: speeds.slice(0, 1) })).toEqual([]);
    expect(notesOf({ lost: 1 }, { speeds: [{ ...speeds[1], steps: 49 }] })).toEqual([]);
  });
});
