import { describe, expect, test } from 'vitest';
import type { EventLine } from '../../../../coordinator/dashboard/event-line.ts';
import { createIncidentLog } from '../../../../coordinator/dashboard/model/incident-log.ts';
import type { Moment, RunStatus } from '../../../../coordinator/dashboard/model/run-view.ts';
import { createRunJournal } from '../../../../coordinator/dashboard/run-journal.ts';
import { facts } from '../../../support/recorded-history.ts';

function journalOf(fileBytes = 0) {
  const lines: EventLine[] = [];
  const journal = createRunJournal(() => facts);
  journal.writeTo((line) => lines.push(line), fileBytes);
  return { journal, lines };
}

/** A moment of about so many bytes. */
const momentOf = (bytes: number): Moment => ({
  time: 0,
  step: 1,
  status: { state: 'x'.repeat(bytes) } as unknown as RunStatus,
  details: [],
});

const late = (step: number) =>
  ({ event: 'notice', code: 'late', message: `rank 0 late in step ${step}` }) as const;

describe('the journal of a run', () => {
  test('has what happened before the folder was open, after its beginning', () => {
    const lines: EventLine[] = [];
    const journal = createRunJournal(() => facts);
    journal.observe({ event: 'worker', state: 'ready', rank: 0, name: 'w', worldSize: 1 }, 1, 0);
    journal.observe({ event: 'start', step: 0, resumedFrom: null }, 2, 0);
    journal.writeTo((line) => lines.push(line), 0);
    journal.observe({ event: 'checkpoint', step: 5 }, 3, 7);
    journal.close();
    journal.observe({ event: 'checkpoint', step: 6 }, 4, 8);
    expect(lines).toEqual([
      expect.objectContaining({ time: 2, event: 'start', stepCount: 300, hasCluster: true }),
      expect.objectContaining({ time: 1, event: 'worker', state: 'ready', rank: 0 }),
      { time: 3, step: 7, event: 'checkpoint', saved: 5 },
    ]);
  });

  test('has no line for an epoch, which has a record of its own', () => {
    const { journal, lines } = journalOf();
    const epoch = { epoch: 1, step: 1, trainLoss: 1, trainAccuracy: 1, seconds: 1 };
    const test = { testLoss: 1, testAccuracy: 1, validationLoss: null, validationAccuracy: null };
    journal.observe({ event: 'epoch', ...epoch, ...test }, 1, 1);
    expect(lines).toEqual([]);
  });

  test('has a moment a second, or as often as 8 kB/s allow', () => {
    const { journal } = journalOf();
    expect(journal.isMomentDue(0)).toBe(true);
    journal.addMoment(momentOf(1000), null, 0);
    expect(journal.isMomentDue(999)).toBe(false);
    expect(journal.isMomentDue(1000)).toBe(true);
    journal.addMoment(momentOf(80_000), null, 1000);
    expect(journal.isMomentDue(10_999)).toBe(false);
    expect(journal.isMomentDue(11_100)).toBe(true);
  });

  test('doubles its intervals with each 4 MiB of the file', () => {
    for (const [mebibytes, seconds] of [
      [3.9, 1],
      [4, 2],
      [7.9, 2],
      [8, 4],
      [40, 1024],
    ]) {
      const { journal } = journalOf(mebibytes * 2 ** 20);
      journal.addMoment(momentOf(10), null, 0);
      expect(journal.isMomentDue(seconds * 1000 - 1)).toBe(false);
      expect(journal.isMomentDue(seconds * 1000)).toBe(true);
    }
  });

  test('stays below 64 MiB in a year of training', () => {
    let bytes = 0;
    const journal = createRunJournal(() => facts);
    journal.writeTo((line) => {
      bytes += JSON.stringify(line).length;
    }, 0);
    const moment = momentOf(8_000);
    const year = 365 * 24 * 3600 * 1000;
    for (let now = 0; now < year; ) {
      journal.addMoment(moment, null, now);
      let step = 1000;
      while (!journal.isMomentDue(now + step)) step *= 2;
      now += step;
    }
    expect(bytes).toBeLessThan(64 * 2 ** 20);
    expect(bytes).toBeGreaterThan(2 ** 20);
  });
});

describe('notices of one text in a row', () => {
  test('are a line a second, and the same incidents as they were', () => {
    const { journal, lines } = journalOf();
    const [live, again] = [createIncidentLog(), createIncidentLog()];
    let time = 1e12;
    for (let i = 0; i < 500; i++) {
      // Mostly every 10 ms, but now and then after a pause.
      time += i % 100 === 99 ? 61_000 : 10;
      const happening = late(i % 3);
      live.add({ time, step: i, kind: happening.code, message: happening.message });
      journal.observe(happening, time, i);
    }
    journal.close();
    for (const line of lines) if (line.event === 'notice') again.add({ ...line, kind: line.code });
    const withoutRevision = (log: typeof live) =>
      log.after(0).map(({ revision: _, ...incident }) => incident);
    expect(withoutRevision(again)).toEqual(withoutRevision(live));
    expect(live.after(0).map(({ count }) => count)).toEqual([99, 100, 100, 100, 100, 1]);
    expect(lines.length).toBeLessThan(15);
  });

  test('are written with the next moment, and at the end', () => {
    const { journal, lines } = journalOf();
    journal.observe(late(0), 0, 1);
    journal.observe(late(1), 10, 1);
    journal.observe(late(2), 20, 1);
    expect(lines).toHaveLength(1);
    journal.addMoment(momentOf(1), null, 0);
    expect(lines.slice(1, 2)).toEqual([
      {
        time: 20,
        step: 1,
        event: 'notice',
        code: 'late',
        message: 'rank 0 late in step 2',
        count: 2,
        since: 10,
      },
    ]);
    journal.observe(late(3), 30, 1);
    journal.observe({ event: 'stopped', step: 1 }, 40, 1);
    expect(lines.slice(3).map(({ event }) => event)).toEqual(['notice', 'stopped']);
  });

  test('of more kinds than can be remembered are all written', () => {
    const { journal, lines } = journalOf();
    const word = (i: number) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26));
    for (let i = 0; i < 2500; i++)
      journal.observe({ event: 'notice', code: `${word(i)}`, message: word(i) }, i, 0);
    journal.close();
    expect(lines).toHaveLength(2500);
  });
});
