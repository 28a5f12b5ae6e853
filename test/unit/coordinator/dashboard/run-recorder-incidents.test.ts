import { describe, expect, test } from 'vitest';
import type { RunFacts } from '../../../../coordinator/dashboard/model/run-view.ts';
import { type LiveStatus, RunRecorder } from '../../../../coordinator/dashboard/run-recorder.ts';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';

function recording() {
  let step = 0;
  const recorder = new RunRecorder({
    source: 'test',
    facts: () => ({}) as RunFacts,
    status: () => ({}) as LiveStatus,
    underWay: () => undefined,
    now: () => 0,
    step: () => step,
  });
  return {
    recorder,
    observe(event: RunEvent, at: { time: number; step: number }) {
      step = at.step;
      recorder.observe(event, at.time);
    },
    incidents: () =>
      recorder.updateAfter(undefined).incidents.map(({ kind, message }) => [kind, message]),
  };
}

const worker = (state: 'ready' | 'left', rank: number, worldSize: number, reason = '') =>
  ({ event: 'worker', state, rank, name: `box-${rank}`, worldSize, reason }) as RunEvent;

describe('the recorder', () => {
  test('tells workers that were asked to leave from those that are gone', () => {
    const { observe, incidents } = recording();
    const at = { time: 0, step: 7 };
    observe(worker('ready', 0, 1), at);
    observe(worker('ready', 1, 2), at);
    observe(worker('left', 0, 1, 'drained'), at);
    observe(worker('left', 1, 0, 'connection lost'), at);
    observe(worker('left', 2, 2, 'it gave a wrong sum over micro-batch 3 of step 6'), at);
    expect(incidents()).toEqual([
      ['joined', 'rank 0 (box-0) joined: 1 worker now'],
      ['joined', 'rank 1 (box-1) joined: 2 workers now'],
      ['left', 'rank 0 (box-0) left, as it was asked to: 1 worker remains'],
      ['lost', 'rank 1 (box-1) is gone (connection lost): no workers remain'],
      ['expelled', 'rank 2 (box-2) was removed, because it gave a wrong sum: 2 workers remain'],
    ]);
  });

  test('says nothing of workers that leave because the run ends', () => {
    const { observe, incidents } = recording();
    for (const reason of ['finished', 'stopping', 'failed'])
      observe(worker('left', 0, 0, reason), { time: 0, step: 7 });
    expect(incidents()).toEqual([]);
  });

  test('notes the step and the time of an incident, and counts it', () => {
    const { observe, recorder } = recording();
    const message = 'no worker is left: step 7 waits until one joins';
    observe({ event: 'notice', code: 'waiting', message }, { time: 1234, step: 7 });
    const { incidents, incidentCounts } = recorder.updateAfter(undefined);
    expect(incidents).toMatchObject([{ kind: 'waiting', message, time: 1234, step: 7 }]);
    expect(incidentCounts).toEqual({ waiting: 1 });
  });
});
