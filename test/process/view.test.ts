import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../coordinator/dashboard/model/run-view.ts';
import { runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { followRun } from '../support/processes/run-updates.ts';
import { recordsOf, toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SEPARATE = ['--workers', '3', '--separate-processes', '--json'];

/** Shows a run, and resolves to the address of its page. */
async function startView(cwd: string, run: string) {
  const view = startCli(['view', run], { cwd });
  await expect.poll(() => view.lines.join('\n')).toMatch(/^Dashboard +http/);
  const [line] = view.lines;
  return { view, url: line.split(/ +/)[1] };
}

const isRead = ({ status }: RunView) => status?.state !== 'reading';

/** What two views have in common if they show the same run. */
function comparable({ facts, status, history, epochs, incidents, details }: RunView) {
  const { workers = [], counters, verification: _, ...sameStatus } = status ?? {};
  return {
    // Commands and flags are those of the process that shows the run.
    facts: { ...facts, isRecorded: null, resumeCommand: null, workerCommand: null },
    status: sameStatus,
    workers: workers.map(({ rank, name, pid }) => ({ rank, name, pid })),
    joined: counters?.joinedWorkers,
    left: counters?.leftWorkers,
    steps: history.all().map(({ endedAt: _, milliseconds: __, parts: ___, ...bucket }) => bucket),
    epochs,
    incidents: incidents.map(({ revision: _, ...incident }) => incident),
    details,
  };
}

describe('lockstep view', () => {
  test('shows a run with a killed worker as its coordinator showed it', async () => {
    const cwd = temporaryFolder();
    const args = ['train', ...toyRun({ epochs: 4 }), ...SEPARATE, '--out', 'run'];
    const run = startCli(args, { cwd });
    const { dashboardUrl } = await run.next('listening');
    const watching = followRun(dashboardUrl);
    const workers = [await run.next('worker'), await run.next('worker'), await run.next('worker')];
    await run.next('epoch');
    process.kill(workers[1].pid ?? 0, 'SIGKILL');
    await run.next('done');
    const live = await watching;
    await run.ended;

    const { url, view } = await startView(cwd, 'run');
    const shown = await followRun(url, isRead);
    expect(comparable(shown)).toEqual(comparable(live));
    expect(shown.incidents.some(({ kind }) => kind === 'lost')).toBe(true);
    expect(shown.status).toMatchObject({ state: 'done', step: 720 });
    const steps = shown.history.all();
    for (const [i, { endedAt }] of live.history.all().entries())
      expect(Math.abs(steps[i].endedAt - endedAt)).toBeLessThan(2000);
    const { moments } = (await (await fetch(new URL('api/moments', url))).json()) as {
      moments: { step: number }[];
    };
    expect(moments.length).toBeGreaterThan(2);
    expect(moments.at(-1)?.step).toBe(720);

    view.child.kill('SIGINT');
    expect((await view.ended).code).toBe(130);
  });

  test('follows a run beside its coordinator, through kill and resume, to its end', async () => {
    const cwd = temporaryFolder();
    const args = toyRun({ epochs: 12 });
    const common = ['--json', '--workers', '2', '--checkpoint-every', '40'];
    const first = startCli(['train', ...args, ...common, '--out', 'run'], { cwd });
    await first.next('checkpoint');
    const { url } = await startView(cwd, 'run');
    await followRun(url, ({ status }) => status?.state === 'training' && status.step > 0);
    await first.next('epoch');
    first.child.kill('SIGKILL');
    await first.ended;
    const broken = await followRun(url, ({ status }) => status?.state === 'broken off');
    const records = recordsOf(join(cwd, 'run'));
    expect(broken.status?.step).toBe((records.at(-1)?.step ?? 0) + 1);
    expect(broken.status?.end?.message).toMatch(
      /^broken off after step \d+: .* It goes on from the checkpoint of step \d+$/,
    );

    expect(broken.facts?.resumeCommand).toMatch(
      /train --workers 2 --checkpoint-every 40 --resume run$/,
    );

    const resumed = startCli(['train', '--resume', 'run', ...args.slice(0, 2), ...common], { cwd });
    const { step } = await resumed.next('start');
    const goesOn = `the run goes on after step ${step}`;
    const again = await followRun(url, ({ incidents }) =>
      incidents.some(({ message }) => message === goesOn),
    );
    expect(again.status?.step).toBeGreaterThanOrEqual(step);
    const { parametersSha256 } = await resumed.next('done');
    const done = await followRun(url, ({ status }) => status?.state === 'done');
    expect(done.status?.end).toMatchObject({ parametersSha256 });
    expect(done.history.all()[0].from).toBe(0);
    expect(done.incidents.map(({ message }) => message)).toContain(goesOn);
  });

  test('compares runs of one folder, and finds where they differ', async () => {
    const cwd = temporaryFolder();
    const args = [...toyRun({ epochs: 1 }), '--workers', '0'];
    for (const [name, flags] of [
      ['a', ['--seed', '1']],
      ['b', ['--seed', '1', '--steps', '100']],
      ['c', ['--seed', '2']],
    ] as const)
      await runToDone(['train', ...args, ...flags, '--out', name], { cwd });
    const { url } = await startView(cwd, 'a');
    const ask = async (query: string) => {
      const response = await fetch(new URL(`api/proof${query}`, url));
      return [response.status, await response.json()];
    };
    expect(await ask('')).toEqual([200, { runs: ['c', 'b'] }]);
    expect(await ask('?run=b')).toMatchObject([200, { compared: [1, 100], equalTo: 100 }]);
    expect(await ask('?run=c')).toMatchObject([200, { compared: [1, 180], equalTo: null }]);
    expect(await ask('?run=../a')).toMatchObject([400, {}]);
    const [, , third] = recordsOf(join(cwd, 'b'));
    expect(await ask(`?hash=${third.chain}`)).toMatchObject([
      200,
      { place: { kind: 'chain', step: 3 } },
    ]);
  });

  test('shows what lockstep verify has found, until the run goes on', async () => {
    const cwd = temporaryFolder();
    const args = [...toyRun({ epochs: 2 }), '--workers', '0'];
    await runToDone(['train', ...args, '--out', 'run', '--steps', '100'], { cwd });
    expect((await runCli(['verify', 'run', '--steps', '10'], { cwd })).code).toBe(0);
    const { url } = await startView(cwd, 'run');
    const { status } = await followRun(url, isRead);
    expect(status?.verification).toMatchObject({
      isPassed: true,
      sentence: expect.stringMatching(/ of 100 steps were computed again/),
    });
    await runToDone(['train', '--resume', 'run', '--workers', '0', ...args.slice(0, 2)], { cwd });
    const later = await followRun(url, ({ status }) => status?.step === 360);
    expect(later.status?.verification).toMatchObject({
      isPassed: false,
      sentence: expect.stringMatching(/was of 100 steps\. The run has gone on since/),
    });
    expect(existsSync(join(cwd, 'run', 'verified.json'))).toBe(true);
  });

  test.for<[args: string[], message: RegExp]>([
    [['none'], /^error: cannot open the run none: ENOENT/],
    [['.'], /^error: \. holds no run: give the folder of a run\./],
    [['x.html'], /^error: x\.html is a file: give the folder of a run\./],
    [['run', '--force'], /^error: --force replaces the file of --out: give --out too\./],
    [['run', '--out', 'x.html'], /^error: x\.html exists already: give --force to replace it/],
    [['run', '--out', 'none/x.html'], /^error: cannot write none\/x\.html: ENOENT/],
  ])('%j fails with a clear error', async ([args, message]) => {
    const cwd = temporaryFolder();
    await runToDone(
      ['train', ...toyRun({ epochs: 1 }), '--workers', '0', '--steps', '3', '--out', 'run'],
      { cwd },
    );
    appendFileSync(join(cwd, 'x.html'), 'mine');
    const { code, stderr } = await runCli(['view', ...args], { cwd });
    expect(stderr).toMatch(message);
    expect(code).toBe(args.includes('--force') ? 2 : 1);
    expect(readFileSync(join(cwd, 'x.html'), 'utf8')).toBe('mine');
  });
});

describe('the dashboard of a resumed run', () => {
  test('has the steps, epochs and incidents of before', async () => {
    const cwd = temporaryFolder();
    const args = toyRun({ epochs: 10_000 });
    const common = ['--json', '--workers', '2'];
    const start = ['train', ...args, ...common, '--out', 'run', '--steps', '400'];
    await runToDone(start, { cwd });
    const resume = ['train', '--resume', 'run', ...args.slice(0, 2), ...common];
    const resumed = startCli([...resume, '--steps', '1000000'], { cwd });
    const { dashboardUrl } = await resumed.next('listening');
    const view = await followRun(
      dashboardUrl,
      ({ history, status }) => history.all()[0]?.from === 0 && (status?.step ?? 0) > 450,
    );
    const buckets = view.history.all();
    for (const [i, { from }] of buckets.entries()) expect(from).toBe(buckets[i - 1]?.to ?? 0);
    expect(view.epochs.slice(0, 2).map(({ epoch }) => epoch)).toEqual([1, 2]);
    const messages = view.incidents.map(({ message }) => message);
    expect(messages).toContain('the run begins');
    expect(messages).toContain('the run goes on after step 400');
    expect(view.status?.readPart).toBeUndefined();
    resumed.child.kill('SIGTERM');
    await resumed.ended;
  });
});
