import { describe, expect, test } from 'vitest';
import type { Incident } from '../../../../../coordinator/dashboard/model/incident-log.ts';
import {
  applyUpdate,
  emptyView,
  type RunView,
} from '../../../../../coordinator/dashboard/model/run-view.ts';
import { viewAt } from '../../../../../coordinator/dashboard/model/view-at.ts';
import { RecordedHistory } from '../../../../support/recorded-history.ts';

/** A run of 700 steps in which the second worker joins after 300. */
function viewOfRun(): RunView {
  const run = new RecordedHistory();
  run.join(0);
  run.train(300);
  run.join(1);
  run.train(400);
  run.happen({ event: 'stopped', step: 700 });
  const moments = JSON.parse(run.recorder.momentsAsJson());
  const update = { ...run.recorder.updateAfter(undefined), moments, time: run.time };
  return applyUpdate(emptyView(), update);
}

describe('the view of a run at a step', () => {
  test('has the curves, epochs and incidents up to there', () => {
    const view = viewOfRun();
    const then = viewAt(view, 250);
    expect(then.history.all()).toEqual(view.history.all().slice(0, 250));
    expect(then.history.end).toBe(250);
    expect(then.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(then.incidents.map(({ kind }) => kind)).toEqual(['start', 'joined']);
    expect(then.status).toMatchObject({ state: 'training', step: 250, epoch: 3, end: null });
    expect(then.facts).toBe(view.facts);
    expect(then.time).toBe(view.history.all()[249].endedAt);
    expect(then.status?.trainLoss).toBeCloseTo(2 / (1 + 241.5 / 50), 3);
  });

  test('has an incident that went on later as it began', () => {
    const run = new RecordedHistory();
    run.join(0);
    const late = () => {
      const message = `rank 0 late with micro-batches 0-3 of step ${run.step}`;
      run.happen({ event: 'notice', code: 'late', message });
      run.train(1);
    };
    for (let i = 0; i < 100; i++) late();
    const view = applyUpdate(emptyView(), { ...run.recorder.updateAfter(undefined), time: 0 });
    expect(view.incidents.at(-1)).toMatchObject({ count: 100, step: 99 });
    const then = viewAt(view, 50);
    const message = 'rank 0 late with micro-batches 0-3 of step 0';
    expect(then.incidents.at(-1)).toMatchObject({ count: 1, step: 0, message });
    expect(then.incidentCounts).toEqual({ start: 1, joined: 1, late: 1 });
  });

  test('has the workers and the detail of the last moment before', () => {
    const view = viewOfRun();
    const ranksAt = (step: number) => viewAt(view, step).status?.workers.map(({ rank }) => rank);
    const steps = view.moments.map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(3);
    expect(ranksAt(299)).toEqual([0]);
    expect(ranksAt(699)).toEqual([0, 1]);
    for (const step of [steps[1], steps[1] + 1, steps[2] - 1])
      expect(viewAt(view, step).details).toEqual(view.moments[1].details);
    expect(viewAt(view, 0).details).toEqual(view.moments[0].details);
  });

  test('is exactly the moment at its own step, with its fingerprint', () => {
    const view = viewOfRun();
    const [, moment] = view.moments;
    expect(viewAt(view, moment.step).status).toEqual({ ...moment.status, readPart: undefined });
    expect(viewAt(view, moment.step + 1).status?.fingerprint).toBeNull();
  });

  test('is the view itself at its newest step and beyond', () => {
    const view = viewOfRun();
    expect(viewAt(view, 700)).toBe(view);
    expect(viewAt(view, 1e9)).toBe(view);
    expect(viewAt(emptyView(), 5).status).toBeUndefined();
  });

  test('leaves the view as it is', () => {
    const view = viewOfRun();
    const before = JSON.stringify([view, view.history.all()]);
    viewAt(view, 123);
    expect(JSON.stringify([view, view.history.all()])).toBe(before);
  });

  test('has the speeds with each number of workers so far', () => {
    const view = viewOfRun();
    expect(viewAt(view, 300).speeds).toEqual([
      { workers: 1, steps: 300, examples: 2400, milliseconds: expect.any(Number) },
    ]);
    expect(viewAt(view, 500).speeds.map(({ workers, steps }) => [workers, steps])).toEqual([
      [1, 300],
      [2, 200],
    ]);
  });

  test('has the speeds of the coordinator of that time alone', () => {
    const view = viewOfRun();
    const start = { kind: 'start', step: 400, firstStep: 400, count: 1 };
    const resumed = { ...view, incidents: [...view.incidents, start as Incident] };
    const speedsAt = (step: number) =>
      viewAt(resumed, step).speeds.map(({ workers, steps }) => [workers, steps]);
    expect(speedsAt(399)).toEqual([
      [1, 300],
      [2, 99],
    ]);
    expect(speedsAt(500)).toEqual([[2, 100]]);
  });

  test('of a run without moments has the curves', () => {
    const then = viewAt({ ...viewOfRun(), moments: [] }, 100);
    expect(then.history.end).toBe(100);
    expect(then.details).toEqual([]);
    expect(then.status).toMatchObject({ worldSize: 1, workers: [] });
  });
});
