import { describe, expect, test } from 'vitest';
import {
  createIncidentLog,
  type Incident,
  keepIncidents,
} from '../../../../../coordinator/dashboard/model/incident-log.ts';

const late = (time: number, step: number, rank = 2) => ({
  time,
  step,
  kind: 'late',
  message: `rank ${rank} is late with micro-batches 4-7 of step ${step}`,
});

describe('the incident log', () => {
  test('counts what happens again within five seconds, with its first and its last time', () => {
    const log = createIncidentLog();
    const saved = (time: number, step: number) => ({
      ...{ time, step, kind: 'checkpoint', message: `checkpoint of step ${step} saved` },
    });
    for (let i = 0; i < 5; i++) log.add(saved(500 * i, 10 + i));
    const first = { firstTime: 0, firstStep: 10, firstMessage: saved(0, 10).message };
    expect(log.after(0)).toEqual([{ ...saved(2000, 14), id: 0, revision: 5, count: 5, ...first }]);
    log.add(saved(7000, 15));
    expect(log.after(5)).toMatchObject([{ id: 1, count: 1, firstTime: 7000, firstStep: 15 }]);
  });

  test('keeps two workers that are lost at once apart', () => {
    const log = createIncidentLog();
    for (const rank of [1, 12])
      log.add({ time: rank, step: 3, kind: 'lost', message: `rank ${rank} (box-${rank}) is gone` });
    log.add({ time: 20, step: 3, kind: 'lost', message: 'rank 1 (box-1) is gone' });
    expect(log.after(0).map(({ message, count }) => [message, count])).toEqual([
      ['rank 1 (box-1) is gone', 2],
      ['rank 12 (box-12) is gone', 1],
    ]);
  });

  test('counts late shares within a minute together, so that they do not hide a kill', () => {
    const log = createIncidentLog();
    for (let i = 0; i < 10; i++) log.add(late(20_000 * i, i, i % 3));
    log.add({ time: 181_000, step: 9, kind: 'lost', message: 'rank 1 (box-1) is gone (killed)' });
    for (let i = 10; i < 20; i++) log.add(late(20_000 * i, i, i % 3));
    expect(log.after(0).map(({ kind, count }) => [kind, count])).toEqual([
      ['late', 20],
      ['lost', 1],
    ]);
    log.add(late(441_000, 30));
    expect(log.after(0).at(-1)).toMatchObject({ kind: 'late', count: 1 });
  });

  test('gives what has changed since a revision', () => {
    const log = createIncidentLog();
    log.add(late(0, 1));
    log.add({ time: 1, step: 1, kind: 'checkpoint', message: 'checkpoint of step 1 saved' });
    const { revision } = log;
    expect(log.after(revision)).toEqual([]);
    log.add(late(2, 2));
    expect(log.after(revision)).toMatchObject([{ kind: 'late', count: 2 }]);
  });

  test('counts all incidents of a kind, those that are not kept included', () => {
    const log = createIncidentLog();
    for (let i = 0; i < 3000; i++) log.add(late(100_000 * i, i));
    expect(log.after(0).length).toBeLessThanOrEqual(1000);
    expect(log.counts).toEqual({ late: 3000 });
  });
});

test('the oldest of the most frequent kind make room, and the rare kinds stay', () => {
  const incident = (id: number, kind: string): Incident => ({
    ...{ id, revision: id, time: id, step: id, kind, message: '', count: 1 },
    ...{ firstTime: id, firstStep: id },
  });
  const many = [
    incident(0, 'lost'),
    ...Array.from({ length: 100 }, (_, i) => incident(i + 1, 'late')),
  ];
  const kept = keepIncidents(many, 95);
  expect(kept).toHaveLength(91);
  expect(kept[0].kind).toBe('lost');
  expect(kept[1].id).toBe(11);
  expect(keepIncidents(kept, 95)).toBe(kept);
});
