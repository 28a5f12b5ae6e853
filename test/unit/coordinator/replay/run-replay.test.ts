import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createIncidentLog } from '../../../../coordinator/dashboard/model/incident-log.ts';
import type { Moment, Update } from '../../../../coordinator/dashboard/model/run-view.ts';
import type { RunRecorder } from '../../../../coordinator/dashboard/run-recorder.ts';
import { openLineTail } from '../../../../coordinator/replay/line-tail.ts';
import { RunReplay } from '../../../../coordinator/replay/run-replay.ts';
import { createCounters } from '../../../../coordinator/reporting/pool-events.ts';
import { BEGAN_AT, facts, RecordedHistory } from '../../../support/recorded-history.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const pause = async () => {};

function openReplay(directory: string, now = () => 0, pieceBytes = 4096) {
  const tail = (name: string) => openLineTail(join(directory, name), { pieceBytes });
  const replay = new RunReplay({
    source: 'replay',
    facts: () => facts,
    metrics: tail('metrics.jsonl'),
    epochs: tail('epochs.jsonl'),
    events: tail('events.jsonl'),
    now,
  });
  onTestFinished(() => replay.close());
  return replay;
}

/** A run in which workers come and go, and one is late in every step for a while. */
function eventfulRun(): RecordedHistory {
  const run = new RecordedHistory();
  run.join(0);
  run.join(1);
  run.train(40);
  run.leave(1);
  run.train(30);
  run.join(1, 'again');
  for (let i = 0; i < 600; i++) {
    run.happen({ event: 'notice', code: 'late', message: `rank 0 late in step ${run.step}` });
    run.train(1);
  }
  run.happen({ event: 'checkpoint', step: run.step });
  run.train(30);
  const result = { testAccuracy: 0.5, parametersSha256: 'abc', totalSeconds: 3 };
  run.happen({ event: 'done', steps: run.step, ...result });
  return run;
}

const updateOf = (recorder: RunRecorder) => recorder.updateAfter(undefined);

/** An update without what two recorders never have in common. */
function comparable({ steps, incidents, details, ...update }: Omit<Update, 'time'>) {
  const { cursor: _, speeds: __, speedup: ___, ...rest } = update;
  return {
    ...rest,
    steps: steps.map(({ endedAt: _, milliseconds: __, parts: ___, ...bucket }) => bucket),
    incidents: incidents.map(({ revision: _, ...incident }) => incident),
    details: details.map(({ startedAt: _, ...detail }) => detail),
  };
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe('the replay of a run', () => {
  test('ends with what the live recorder had', async () => {
    const run = eventfulRun();
    const directory = temporaryFolder();
    run.writeTo(directory);
    const replay = openReplay(directory);
    await replay.read(false, pause);
    const [live, again] = [updateOf(run.recorder), updateOf(replay.recorder)];
    expect(comparable(again)).toEqual(comparable(live));
    expect(live.incidents.some(({ count }) => count > 500)).toBe(true);
    expect(live.status.state).toBe('done');
    expect(replay.unreadable).toBe(0);

    // The times of steps are those of the moments around them.
    for (const [i, { endedAt }] of live.steps.entries())
      expect(Math.abs(again.steps[i].endedAt - endedAt)).toBeLessThan(100);
    const wholeMs = (update: typeof live) => sumOf(update.steps.map((step) => step.milliseconds));
    expect(wholeMs(again)).toBeCloseTo(wholeMs(live), 0);
    const parts = (update: typeof live) => sumOf(update.steps.flatMap((step) => step.parts));
    expect(parts(again)).toBeCloseTo(parts(live), 0);
    for (const [i, speed] of live.speedup?.measured.entries() ?? []) {
      const { examplesPerSecond, ...counts } = again.speedup?.measured[i] ?? {};
      expect({ ...speed, ...counts }).toEqual(speed);
      expect(examplesPerSecond).toBeCloseTo(speed.examplesPerSecond, -1);
    }
    expect(JSON.parse(replay.recorder.momentsAsJson())).toEqual(
      JSON.parse(run.recorder.momentsAsJson()),
    );
  });

  test('is the same however the files are cut into pieces', async () => {
    const run = eventfulRun();
    const directory = temporaryFolder();
    run.writeTo(directory);
    const states: unknown[] = [];
    for (const pieceBytes of [100, 5000, 2 ** 22]) {
      const replay = openReplay(directory, () => 0, pieceBytes);
      await replay.read(false, pause);
      states.push(updateOf(replay.recorder));
    }
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  });

  test('leaves out lines that are no records, and counts them', async () => {
    const run = eventfulRun();
    const directory = temporaryFolder();
    run.writeTo(directory);
    for (const name of ['metrics.jsonl', 'epochs.jsonl', 'events.jsonl']) {
      const path = join(directory, name);
      writeFileSync(path, `7\n{"event":"moment"}\n${readFileSync(path, 'utf8')}`);
      appendFileSync(path, '{"step":1');
    }
    const replay = openReplay(directory);
    await replay.read(false, pause);
    expect(replay.unreadable).toBe(6);
    expect(comparable(updateOf(replay.recorder))).toEqual(comparable(updateOf(run.recorder)));
  });

  test('of records without events has the curves, and a rank for every worker', async () => {
    const run = eventfulRun();
    const directory = temporaryFolder();
    run.writeTo(directory);
    rmSync(join(directory, 'events.jsonl'));
    const replay = openReplay(directory);
    await replay.read(false, pause);
    const { steps, epochs, incidents, status } = updateOf(replay.recorder);
    expect(epochs).toEqual(run.epochs);
    expect(incidents).toEqual([]);
    expect(status).toMatchObject({ step: 700, epoch: 7, worldSize: 2, chain: run.chain });
    expect(status.trainLoss).toBeCloseTo(2 / (1 + 684 / 50), 2);
    expect(steps.at(-1)?.shares).toEqual({ 0: 2, 2: 2 });
  });

  test('of a run that was resumed is over only if its last part is', async () => {
    const directory = temporaryFolder();
    const first = new RecordedHistory();
    first.join(0);
    first.train(50);
    first.happen({ event: 'stopped', step: 50 });
    first.writeTo(directory);
    const replay = openReplay(directory);
    await replay.read(true, pause);
    expect(updateOf(replay.recorder).status.state).toBe('stopped');

    const { chain } = first;
    const second = new RecordedHistory({ firstStep: 50, chain, beganAt: BEGAN_AT + 1e6 });
    second.join(0);
    second.train(20);
    second.writeTo(directory);
    await replay.read(false, pause);
    const { status, incidents } = updateOf(replay.recorder);
    expect(status).toMatchObject({ state: 'training', step: 70, end: null });
    expect(incidents.map(({ message }) => message)).toContain('the run goes on after step 50');
  });
});

test('a resumed run counts since its beginning, and its speeds do not', async () => {
  const directory = temporaryFolder();
  const first = new RecordedHistory();
  first.counters = { ...createCounters(), lateShares: 3, auditedSums: 10 };
  first.join(0);
  first.train(50);
  first.happen({ event: 'stopped', step: 50 });
  first.writeTo(directory);
  const { chain } = first;
  const second = new RecordedHistory({ firstStep: 50, chain, beganAt: BEGAN_AT + 1e6 });
  second.counters = { ...createCounters(), lateShares: 2 };
  second.join(0);
  second.train(20);
  second.happen({ event: 'stopped', step: 70 });
  second.writeTo(directory);
  const replay = openReplay(directory);
  await replay.read(false, pause);
  const { status, speeds } = updateOf(replay.recorder);
  expect(status.counters).toMatchObject({ lateShares: 5, auditedSums: 10 });
  const moments: Moment[] = JSON.parse(replay.recorder.momentsAsJson());
  expect(moments.map((moment) => moment.status.counters?.lateShares)).toContain(3);
  expect(moments.at(-1)?.status.counters).toMatchObject({ lateShares: 5 });
  expect(speeds?.map(({ workers, steps }) => [workers, steps])).toEqual([[1, 12]]);
});

describe('the replay of a run that goes on', () => {
  test('takes a line when its end is there, a step when its times are known', async () => {
    const run = new RecordedHistory();
    run.join(0);
    run.train(100);
    const directory = temporaryFolder();
    let now = 0;
    const replay = openReplay(directory, () => now);
    await replay.read(true, pause);
    expect(replay.step).toBe(0);
    run.writeTo(directory);
    await replay.read(true, pause);
    // The one moment so far is after the first step.
    expect(replay.step).toBe(1);
    now = 2000;
    await replay.read(true, pause);
    expect(replay.step).toBe(100);

    run.train(200);
    const [line] = run.metrics.slice(100).map((record) => `${JSON.stringify(record)}\n`);
    const path = join(directory, 'metrics.jsonl');
    appendFileSync(path, line.slice(0, 50));
    await replay.read(false, pause);
    expect(replay.step).toBe(100);
    appendFileSync(path, line.slice(50));
    await replay.read(false, pause);
    expect(replay.step).toBe(101);
    expect(replay.unreadable).toBe(0);
  });

  test('keeps an incident together whose lines come one by one', async () => {
    const run = eventfulRun();
    const log = createIncidentLog();
    for (const line of run.events)
      if (line.event === 'notice') log.add({ ...line, kind: line.code });
    const [late] = log.after(0);
    expect(late).toMatchObject({ count: 600, kind: 'late', message: 'rank 0 late in step 669' });
    expect(run.events.filter(({ event }) => event === 'notice').length).toBeLessThan(10);
  });
});
