import { describe, expect, test } from 'vitest';
import {
  applyUpdate,
  emptyView,
  formatCursor,
  parseCursor,
  type RunView,
  type Update,
} from '../../../../coordinator/dashboard/model/run-view.ts';
import { type LiveStatus, RunRecorder } from '../../../../coordinator/dashboard/run-recorder.ts';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';
import type { RoundUnderWay } from '../../../../coordinator/scheduling/share-dispatcher.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import type { StepTimes } from '../../../../coordinator/training/train.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

const STEPS_PER_EPOCH = 430;
const FACTS = { runDir: 'runs/1' };
/** Incidents of one kind within a second are one. */
const STEP_MS = 400;

/** A recorder of a run whose steps take 10 ms and follow each other after 1 ms. */
function startRecorder(
  facts: { runDir: string | null },
  source = 'one',
  underWay: () => RoundUnderWay | undefined = () => undefined,
) {
  let step = 0;
  const live: LiveStatus = {
    ...{ state: 'training', step: 0, epoch: 1, worldSize: 2, examplesPerSecond: 128 },
    ...{ secondsLeft: 10, trainLoss: 0.5, counters: null, workers: [] },
  };
  const recorder = new RunRecorder({
    source,
    facts: () => facts as never,
    status: () => ({ ...live, step }),
    underWay,
    now: () => 11 * step,
    step: () => step,
  });
  const record = (overrides: Partial<StepRecord> = {}, times: Partial<StepTimes> = {}) => {
    const at = step++;
    recorder.record(
      {
        ...{ step: at, epoch: Math.floor(at / STEPS_PER_EPOCH) + 1, loss: 1 / (1 + (at % 4)) },
        ...{ accuracy: 0.5, learningRate: 0.25, examples: 128, milliseconds: 10, worldSize: 2 },
        work: [
          [0, 8, 'ada/7'],
          [8, 12, 'bob'],
          [12, 16, null],
        ],
        ...{ fingerprint: `print ${at}`, chain: `chain ${at}`, ...overrides },
      },
      { updateMs: 2, doneAt: 11 * at + 10, shares: [share(0, 6), share(1, 5)], ...times },
      STEP_MS * at,
    );
  };
  const observe = (event: RunEvent) => recorder.observe(event, STEP_MS * step);
  return { recorder, record, observe };
}

const share = (rank: number, roundTripMs: number) => ({
  ...{ rank, examples: 64, startMs: 1, roundTripMs, computeMs: 4, sendMs: 0 },
  ...{ receiveMs: 0, startedAt: 0, cpuMs: 0, throttledMs: 0, clockOffsetMs: undefined },
});

const ready = (rank: number, name: string, pid?: number): RunEvent => ({
  ...{ event: 'worker', state: 'ready', rank, name, worldSize: 2 },
  ...(pid !== undefined && { pid }),
});
const left = (rank: number, name: string, pid?: number): RunEvent => ({
  ...{ event: 'worker', state: 'left', rank, name, worldSize: 1, reason: 'its process died' },
  ...(pid !== undefined && { pid }),
});
const epoch = (number: number): RunEvent => ({
  ...{ event: 'epoch', epoch: number, step: number * STEPS_PER_EPOCH, trainLoss: 1 / number },
  ...{ trainAccuracy: 0.5, validationLoss: 0.5, validationAccuracy: 0.5, testLoss: 0.5 },
  ...{ testAccuracy: 0.5, seconds: 3 },
});

/** A page: it gets updates as the wire carries them. */
function openPage(recorder: RunRecorder) {
  let view: RunView = emptyView();
  const update = () => {
    const cursor = view.cursor && parseCursor(formatCursor(view.cursor));
    const text = JSON.stringify({ ...recorder.updateAfter(cursor), time: 5 });
    view = applyUpdate(view, JSON.parse(text) as Update);
  };
  return { update, view: () => view };
}

/** What a view shows, without the cursor's way there. */
const shown = ({ history, ...rest }: RunView) => ({ ...rest, buckets: history.all() });

describe('a page that follows a run', () => {
  test('shows what the recorder knows, however many updates it has missed', () => {
    const { recorder, record, observe } = startRecorder(FACTS);
    const draws = createDraws(3);
    const pages = [1, 1 / 20, 1 / 1500].map((part) => ({ part, ...openPage(recorder) }));
    observe(ready(0, 'ada', 7));
    observe(ready(1, 'bob'));
    for (let step = 0; step < 3000; step++) {
      record();
      if ((step + 1) % STEPS_PER_EPOCH === 0) observe(epoch((step + 1) / STEPS_PER_EPOCH));
      if (draws.chance(1 / 50)) observe(left(1, 'bob'));
      if (draws.chance(1 / 50)) observe(ready(1, 'bob'));
      if (draws.chance(1 / 9))
        observe({ event: 'notice', code: 'late', message: `rank 1 late with step ${step}` });
      for (const { part, update } of pages) if (draws.chance(part)) update();
    }
    const fresh = openPage(recorder);
    for (const { update } of [...pages, fresh]) update();
    const expected = shown(fresh.view());
    expect(expected.buckets.at(-1)).toMatchObject({ from: 2999, to: 3000 });
    expect(expected.epochs.map((each) => each.epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(expected.incidents.length).toBeGreaterThan(100);
    expect(expected.facts).toEqual(FACTS);
    for (const { view } of pages) expect(shown(view())).toEqual(expected);
  });

  test('gets only what is new', () => {
    const { recorder, record, observe } = startRecorder(FACTS);
    for (let step = 0; step < 10; step++) record();
    observe(epoch(1));
    observe(ready(0, 'ada', 7));
    const { cursor } = recorder.updateAfter(undefined);
    expect(recorder.updateAfter(cursor)).toMatchObject({
      ...{ isWhole: false, steps: [], epochs: [], incidents: [], cursor },
    });
    record();
    observe(left(0, 'ada', 7));
    const update = recorder.updateAfter(cursor);
    expect(update.steps.map(({ from }) => from)).toEqual([10]);
    expect(update.incidents.map(({ kind }) => kind)).toEqual(['lost']);
    expect(update).not.toHaveProperty('facts');
  });

  test('gets everything from another process, whatever it had', () => {
    const first = startRecorder(FACTS, 'one');
    const second = startRecorder({ ...FACTS, runDir: 'runs/2' }, 'two');
    for (let step = 0; step < 9; step++) first.record();
    first.observe(epoch(1));
    second.record();
    let view = applyUpdate(emptyView(), { ...first.recorder.updateAfter(undefined), time: 0 });
    const update = second.recorder.updateAfter(view.cursor);
    expect(update.isWhole).toBe(true);
    view = applyUpdate(view, { ...update, time: 0 });
    expect(view).toMatchObject({ facts: { runDir: 'runs/2' }, epochs: [], incidents: [] });
    expect(view.history.all().map(({ from }) => from)).toEqual([0]);
  });
});

describe('a recorded step', () => {
  const recordOne = (setUp: (run: ReturnType<typeof startRecorder>) => void) => {
    const run = startRecorder(FACTS);
    setUp(run);
    return { update: run.recorder.updateAfter(undefined), ...run };
  };

  test('gives its micro-batches to the ranks of the workers that gave the sums', () => {
    const { update } = recordOne(({ observe, record }) => {
      observe(ready(3, 'ada', 7));
      observe(ready(20, 'bob'));
      record();
    });
    expect(update.steps[0].shares).toEqual({ 3: 8, 16: 4, '-1': 4 });
  });

  test('knows the rank of a worker that has left before it was recorded', () => {
    const { update } = recordOne(({ observe, record }) => {
      observe(ready(3, 'ada', 7));
      observe(ready(4, 'bob'));
      observe(left(3, 'ada', 7));
      record();
    });
    expect(update.steps[0].shares).toEqual({ 3: 8, 4: 4, '-1': 4 });
  });

  test('forgets only workers that have left, and those only after very many', () => {
    const { update } = recordOne(({ observe, record }) => {
      observe(ready(3, 'ada', 7));
      observe(ready(4, 'bob'));
      observe(left(4, 'bob'));
      for (let i = 0; i < 4095; i++) observe(left(5, `passer-by ${i}`));
      record();
      observe(left(5, 'one more'));
      record();
      observe(ready(4, 'bob'));
      record();
    });
    expect(update.steps.map(({ shares }) => shares)).toEqual([
      { 3: 8, 4: 4, '-1': 4 },
      { 3: 8, '-1': 8 },
      { 3: 8, 4: 4, '-1': 4 },
    ]);
  });

  test('takes the time from the end of the one before, within an epoch', () => {
    const { update } = recordOne(({ record }) => {
      record();
      record();
      record({ epoch: 2 });
      record({ epoch: 2 });
    });
    expect(update.steps.map(({ milliseconds }) => milliseconds)).toEqual([10, 11, 10, 11]);
    const parts = update.steps.map((bucket) => bucket.parts.reduce((sum, ms) => sum + ms));
    expect(parts).toEqual([10, 11, 10, 11]);
  });

  test('has no parts if nobody has measured them', () => {
    const { update } = recordOne(({ recorder, record }) => {
      record({}, { shares: [] });
      const { fingerprint, chain } = { fingerprint: 'f', chain: 'c' };
      const rest = { loss: 1, accuracy: 1, learningRate: 1, examples: 1, milliseconds: 4 };
      const work: StepRecord['work'] = [[0, 16, null]];
      recorder.record(
        { step: 1, epoch: 1, worldSize: 0, work, fingerprint, chain, ...rest },
        undefined,
        0,
      );
    });
    expect(update.steps.map(({ timedSteps }) => timedSteps)).toEqual([0, 0]);
    expect(update.status).toMatchObject({ fingerprint: 'f', chain: 'c' });
  });

  test('is in the details as one of the newest, before the one under way', () => {
    const { recorder, record } = startRecorder(FACTS, 'one', () => ({
      round: { kind: 'train', step: 30 },
      startedAt: 300,
      timing: {
        ...{ broadcastMs: 1, handedOutMs: 1, reduceMs: 0 },
        ...{ reductions: [], shares: [], assignments: [], arrivals: [], losses: [] },
      },
    }));
    for (let step = 0; step < 30; step++) record();
    const { details } = recorder.updateAfter(undefined);
    expect(details.map(({ step, isDone }) => [step, isDone])).toEqual([
      ...[22, 23, 24, 25, 26, 27, 28, 29].map((step) => [step, true]),
      [30, false],
    ]);
  });
});

describe('the status', () => {
  test('remembers the workers that have left last, newest first', () => {
    const { recorder, observe, record } = startRecorder(FACTS);
    for (let rank = 0; rank < 20; rank++) {
      record();
      observe(left(rank, `worker ${rank}`));
    }
    const { left: gone } = recorder.updateAfter(undefined).status;
    expect(gone).toHaveLength(16);
    expect(gone[0]).toEqual({
      ...{ rank: 19, name: 'worker 19', reason: 'its process died', leftAt: 20 * STEP_MS },
    });
  });

  test('says how the run has ended, once', () => {
    const { recorder, observe } = startRecorder(FACTS);
    expect(recorder.updateAfter(undefined).status).toMatchObject({ state: 'training', end: null });
    observe({ event: 'stopped', step: 7, runDir: 'runs/1', checkpoint: 'c' });
    recorder.fail('after the end', 0);
    const { status, incidents } = recorder.updateAfter(undefined);
    expect(status).toMatchObject({ state: 'stopped', end: { message: expect.any(String) } });
    expect(incidents.map(({ kind }) => kind)).toEqual(['stopped']);
  });

  test('says why the run has failed', () => {
    const { recorder } = startRecorder(FACTS);
    recorder.fail('training diverged', 0);
    const { status } = recorder.updateAfter(undefined);
    expect(status).toMatchObject({ state: 'failed', end: { message: 'training diverged' } });
  });
});
