import { appendFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { applyUpdate, emptyView } from '../../../../coordinator/dashboard/model/run-view.ts';
import { type ViewedRun, viewRun } from '../../../../coordinator/replay/viewed-run.ts';
import { writeDescription, writeDone } from '../../../../coordinator/run-folder/run-description.ts';
import { writeVerification } from '../../../../coordinator/run-folder/verification.ts';
import { BEGAN_AT, RecordedHistory } from '../../../support/recorded-history.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { description } from '../../../support/toy-run-folder.ts';

let now = 0;
const clock = { now: () => now, setTimer: () => () => {} };
const result = { testAccuracy: 0.5, parametersSha256: 'abc', totalSeconds: 3 };

async function folderOf(run: RecordedHistory): Promise<string> {
  const directory = temporaryFolder();
  await writeDescription(directory, description);
  run.writeTo(directory);
  return directory;
}

async function view(directory: string): Promise<ViewedRun> {
  const viewed = await viewRun(directory, 'test', clock);
  onTestFinished(() => viewed.close());
  return viewed;
}

/** A run of 250 steps whose end is not recorded. */
function begunRun(): RecordedHistory {
  const run = new RecordedHistory();
  run.join(0);
  run.train(250);
  return run;
}

/** Lets another machine hold the folder's lock. */
const lock = (directory: string, host = 'elsewhere') =>
  writeFileSync(join(directory, 'coordinator.lock'), JSON.stringify({ host, pid: 2 ** 22 + 1 }));

const statusOf = (viewed: ViewedRun) => viewed.updateAfter(undefined).status;

describe('a viewed run', () => {
  test('that is done has its end, and all moments', async () => {
    const run = begunRun();
    run.happen({ event: 'done', steps: 250, ...result });
    const viewed = await view(await folderOf(run));
    await viewed.read();
    expect(statusOf(viewed)).toMatchObject({
      ...{ state: 'done', step: 250, chain: run.chain },
      verification: { isPassed: false, command: expect.stringMatching(/ verify /) },
      end: { message: 'done after 250 steps', ...result },
    });
    const momentsOf = (of: { momentsAsJson(): string }) => JSON.parse(of.momentsAsJson());
    expect(momentsOf(viewed)).toEqual(momentsOf(run.recorder));
  });

  test('that is done has its end from done.json, if no event tells of it', async () => {
    const run = begunRun();
    const directory = await folderOf(run);
    rmSync(join(directory, 'events.jsonl'));
    const more = { epochs: 2, modelStep: 250, isStoppedEarly: false, trainLoss: 1 };
    await writeDone(directory, { steps: 250, ...more, ...result });
    const viewed = await view(directory);
    await viewed.read();
    expect(statusOf(viewed)).toMatchObject({ state: 'done', end: result, epoch: 3 });
  });

  test('tells how much is read until all is read', async () => {
    const viewed = await view(await folderOf(begunRun()));
    const before = viewed.updateAfter(undefined);
    expect(before.status).toMatchObject({ state: 'reading', readPart: 0 });
    expect(before).toMatchObject({ steps: [], isWhole: true, facts: { isRecorded: true } });
    const reading = viewed.read();
    await reading;
    const after = viewed.updateAfter(before.cursor);
    expect(after.isWhole).toBe(true);
    expect(after.steps).toHaveLength(250);
    expect(viewed.updateAfter(after.cursor).isWhole).toBe(false);
  });

  test('is broken off if its coordinator is gone and has said nothing', async () => {
    const directory = await folderOf(begunRun());
    lock(directory, hostname());
    mkdirSync(join(directory, 'checkpoints'));
    const viewed = await view(directory);
    await viewed.read();
    const { state, end } = statusOf(viewed);
    expect(state).toBe('broken off');
    expect(end?.message).toMatch(
      /^broken off after step 250: .* It has no checkpoint yet, and begins again$/,
    );
    for (const step of ['00000100', '00000200'])
      writeFileSync(join(directory, 'checkpoints', `step-${step}.safetensors`), '');
    const again = await view(directory);
    await again.read();
    expect(statusOf(again).end?.message).toMatch(/ It goes on from the checkpoint of step 200$/);
  });

  test('is stopped, if records of an older version do not tell how it ended', async () => {
    const directory = await folderOf(begunRun());
    rmSync(join(directory, 'events.jsonl'));
    const viewed = await view(directory);
    await viewed.read();
    expect(statusOf(viewed).state).toBe('stopped');
  });

  test('is verified as far as verified.json says', async () => {
    const directory = await folderOf(begunRun());
    const viewed = await view(directory);
    await viewed.read();
    const { chain } = statusOf(viewed);
    const found = { isPassed: true, message: null, steps: 250, firstStep: 0, recomputedSteps: 9 };
    await writeVerification(directory, { time: '2026-01-31T12:00:00Z', ...found, chain });
    await viewed.read();
    expect(statusOf(viewed).verification).toMatchObject({
      isPassed: true,
      sentence: expect.stringMatching(/^Verified on 31 Jan 2026, .*: 9 of 250 steps/),
    });
    writeFileSync(join(directory, 'verified.json'), '{');
    await viewed.read();
    expect(statusOf(viewed).verification).toMatchObject({ isPassed: false, isFailed: false });
  });

  test.for([
    ['is not there', (path: string) => path, /^cannot open the run .*ENOENT/],
    [
      'is a file',
      (path: string) => {
        writeFileSync(path, '');
        return path;
      },
      /is a file: give the folder of a run\.$/,
    ],
    ['holds no run', () => temporaryFolder(), /holds no run: give the folder of a run\.$/],
  ] as const)('is an error if its folder %s', async ([, make, message]) => {
    const path = make(join(temporaryFolder(), 'x'));
    await expect(viewRun(path, 'test', clock)).rejects.toMatchObject({ code: 'FILE' });
    await expect(viewRun(path, 'test', clock)).rejects.toThrow(message);
  });
});

describe('a viewed run that goes on', () => {
  /** `poll` reads half a second later, and gives what a page then shows. */
  async function followed(run: RecordedHistory) {
    const directory = await folderOf(run);
    lock(directory);
    const viewed = await view(directory);
    await viewed.read();
    let shown = applyUpdate(emptyView(), { ...viewed.updateAfter(undefined), time: 0 });
    const poll = async () => {
      now += 500;
      await viewed.readNew();
      shown = applyUpdate(shown, { ...viewed.updateAfter(shown.cursor), time: 0 });
      return shown;
    };
    const touch = () => utimesSync(join(directory, 'coordinator.lock'), new Date(), new Date());
    return { directory, poll, touch };
  }

  test('shows what is new, and its end', async () => {
    const run = begunRun();
    const { directory, poll } = await followed(run);
    run.metrics.length = run.epochs.length = run.events.length = 0;
    run.train(300);
    run.writeTo(directory);
    run.metrics.length = run.epochs.length = run.events.length = 0;
    let shown = await poll();
    for (let i = 0; i < 4; i++) shown = await poll();
    expect(shown.history.end).toBe(550);
    expect(shown.status).toMatchObject({ state: 'training', step: 550 });
    expect(shown.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    run.happen({ event: 'stopped', step: 550 });
    run.writeTo(directory);
    rmSync(join(directory, 'coordinator.lock'));
    shown = await poll();
    expect(shown.status).toMatchObject({ state: 'stopped', step: 550 });
  });

  test('is broken off when nobody has touched its lock for 15 s, until somebody does', async () => {
    const { poll, touch } = await followed(begunRun());
    for (let i = 0; i < 28; i++) expect((await poll()).status?.state).toBe('training');
    for (let i = 0; i < 3; i++) await poll();
    expect((await poll()).status?.state).toBe('broken off');
    touch();
    expect((await poll()).status?.state).toBe('training');
  });

  test('begins anew when a resume has set records aside', async () => {
    const run = begunRun();
    const { directory, poll } = await followed(run);
    const resumed = new RecordedHistory({ firstStep: 100, beganAt: BEGAN_AT + 1e6 });
    resumed.train(10);
    const first = new RecordedHistory();
    first.train(100);
    const other = await folderOf(first);
    resumed.writeTo(other);
    for (const name of ['metrics.jsonl', 'epochs.jsonl', 'events.jsonl'])
      renameSync(join(other, name), join(directory, name));
    let shown = await poll();
    for (let i = 0; i < 4; i++) shown = await poll();
    expect(shown.history.end).toBe(110);
    expect(shown.incidents.at(-1)?.message).toBe('the run goes on after step 100');
  });

  test('stays as it was while its files cannot be read', async () => {
    const run = begunRun();
    const { directory, poll } = await followed(run);
    for (let i = 0; i < 4; i++) await poll();
    const path = join(directory, 'metrics.jsonl');
    renameSync(path, `${path}.away`);
    mkdirSync(path);
    appendFileSync(join(directory, 'events.jsonl'), '{"torn');
    expect((await poll()).history.end).toBe(250);
    expect((await poll()).history.end).toBe(250);
  });
});
