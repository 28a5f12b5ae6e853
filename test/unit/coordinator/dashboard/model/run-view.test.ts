import { describe, expect, test } from 'vitest';
import {
  applyUpdate,
  type Cursor,
  emptyView,
  formatCursor,
  parseCursor,
  type RunStatus,
  type Update,
} from '../../../../../coordinator/dashboard/model/run-view.ts';
import { bucketOf } from '../../../../../coordinator/dashboard/steps/step-history.ts';

const cursor: Cursor = { source: 'a1', step: 12, epoch: 2, revision: 7 };
const status = { state: 'training', step: 12 } as RunStatus;
const update: Update = {
  cursor,
  isWhole: false,
  status,
  steps: [],
  epochs: [],
  incidents: [],
  details: [],
  time: 5,
};
const step = (number: number) =>
  bucketOf({
    ...{ step: number, endedAt: 0, examples: 1, milliseconds: 1, loss: 1, accuracy: 1 },
    ...{ learningRate: 1, worldSize: 1, breakdown: undefined, shares: new Map() },
  });
const epoch = (number: number) => ({ epoch: number }) as Update['epochs'][number];
const incident = (id: number, count = 1) => ({
  ...{ id, count, revision: id, time: 0, step: 0, kind: 'late', message: 'late' },
  ...{ firstTime: 0, firstStep: 0 },
});

describe('a cursor', () => {
  test('is the same after it was text', () => {
    expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
  });

  test.for(['', 'a', 'a.1.2', 'a.1.2.3.4', 'a.-1.2.3', 'ä.1.2.3', `a.${'9'.repeat(16)}.1.1`])(
    'is not %j',
    (text) => expect(parseCursor(text)).toBeUndefined(),
  );
});

describe('a view', () => {
  test('grows by what has changed, and keeps the rest', () => {
    let view = applyUpdate(emptyView(), { ...update, isWhole: true, steps: [step(0)] });
    view = applyUpdate(view, { ...update, epochs: [epoch(1)], speeds: [] });
    view = applyUpdate(view, { ...update, steps: [step(1)], epochs: [epoch(2)] });
    expect(view.history.all().map(({ from }) => from)).toEqual([0, 1]);
    expect(view.epochs.map((each) => each.epoch)).toEqual([1, 2]);
    expect(view).toMatchObject({ status, cursor, time: 5, speeds: [] });
  });

  test('takes the newest word on an incident', () => {
    let view = applyUpdate(emptyView(), { ...update, incidents: [incident(0), incident(1)] });
    view = applyUpdate(view, { ...update, incidents: [incident(0, 4), incident(2)] });
    expect(view.incidents.map(({ id, count }) => [id, count])).toEqual([
      [0, 4],
      [1, 1],
      [2, 1],
    ]);
  });

  test('keeps the counts of incidents until it gets others', () => {
    let view = applyUpdate(emptyView(), { ...update, incidentCounts: { late: 3 } });
    view = applyUpdate(view, update);
    expect(view.incidentCounts).toEqual({ late: 3 });
    view = applyUpdate(view, { ...update, incidentCounts: { late: 4, lost: 1 } });
    expect(view.incidentCounts).toEqual({ late: 4, lost: 1 });
  });

  test('begins anew with a whole update: the coordinator is another one', () => {
    const before = applyUpdate(emptyView(), { ...update, steps: [step(0)], epochs: [epoch(1)] });
    const view = applyUpdate(before, { ...update, isWhole: true, steps: [step(40)] });
    expect(view.history.all().map(({ from }) => from)).toEqual([40]);
    expect(view.epochs).toEqual([]);
  });

  test('takes epochs that are told again in place of the old ones', () => {
    const before = applyUpdate(emptyView(), { ...update, epochs: [epoch(1), epoch(2)] });
    const view = applyUpdate(before, { ...update, epochs: [epoch(2), epoch(3)] });
    expect(view.epochs.map((each) => each.epoch)).toEqual([1, 2, 3]);
  });
});
