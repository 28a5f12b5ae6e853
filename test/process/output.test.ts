import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StepTiming } from '../../coordinator/reporting/step-timings.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function getJson<Answer = object>(url: string, path: string): Promise<Answer> {
  const response = await fetch(url.replace('ws:', 'http:') + path);
  return (await response.json()) as Answer;
}

describe('the output', () => {
  test('of --json has the events and keys that other tools read', async () => {
    const run = startCli(['train', ...toyRun(), '--workers', '2', '--json']);
    const { stderr } = await run.ended;
    expect(stderr).toBe('');
    const events = run.events();
    expect(events.filter(({ event }) => event === 'worker')).toContainEqual({
      event: 'worker',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      state: 'ready',
      rank: 0,
      worldSize: expect.any(Number),
      pid: expect.any(Number),
      name: expect.stringMatching(/^local-\d$/),
      runtime: 'node',
    });
    const epochs = events.filter(({ event }) => event === 'epoch');
    expect(epochs).toHaveLength(6);
    expect(epochs[1]).toMatchObject({
      epoch: 2,
      step: 360,
      trainLoss: expect.any(Number),
      validationLoss: expect.any(Number),
      testAccuracy: expect.any(Number),
    });
    const done = events.at(-1);
    expect(done).toEqual({
      event: 'done',
      time: expect.any(String),
      steps: 1080,
      epochs: 6,
      modelStep: 1080,
      isStoppedEarly: false,
      totalSeconds: expect.any(Number),
      worldSize: 2,
      trainLoss: expect.any(Number),
      testAccuracy: expect.any(Number),
      seconds: expect.any(Number),
      parametersSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      examplesPerSecond: expect.any(Number),
      runDir: expect.any(String),
      checkpoint: expect.stringMatching(/step-00001080\.safetensors$/),
    });
    expect(
      done?.event === 'done' && Number(done.testAccuracy) > 0.5 && Number(done.testAccuracy) <= 1,
    ).toBe(true);
  });

  test('into a pipe is plain lines with time and level, without control characters', async () => {
    const { stdout, stderr } = await runCli(['train', ...toyRun(), '--workers', '1']);
    expect(stderr).toBe('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is about control characters
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    expect(stdout).toMatch(
      new RegExp(
        '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ info  ' +
          'epoch 6/6 {3}training loss \\d\\.\\d{4} {3}validation loss \\d\\.\\d{4} {3}' +
          'test accuracy \\d\\d\\.\\d\\d %',
        'm',
      ),
    );
    expect(stdout).toMatch(new RegExp(`parameters +sha256 ${await undisturbedHash()}`));
  });

  test('at /api/status and /api/steps shows the progress of the run', async () => {
    const run = startCli(['train', ...toyRun(), '--workers', '2', '--json']);
    const { url } = await run.next('listening');
    await run.next('epoch');
    const status = await getJson(url, '/api/status');
    expect(status).toMatchObject({
      state: 'training',
      worldSize: 2,
      step: expect.any(Number),
      epoch: expect.any(Number),
      examplesPerSecond: expect.any(Number),
      trainLoss: expect.any(Number),
      testAccuracy: expect.any(Number),
      counters: { joinedWorkers: 2, leftWorkers: 0, auditedSums: 0 },
      notices: expect.any(Array),
      workers: [
        { rank: 0, name: expect.any(String) },
        { rank: 1, name: expect.any(String) },
      ],
    });
    const { steps } = await getJson<{ steps: StepTiming[] }>(url, '/api/steps?after=9');
    expect(steps[0].step).toBe(10);
    for (const { shares = [], milliseconds, updateMs, broadcastMs = Number.NaN } of steps) {
      expect(updateMs + broadcastMs).toBeLessThan(milliseconds);
      for (const { computeMs, sendMs, roundTripMs } of shares) {
        expect(computeMs).toBeGreaterThan(0);
        expect(sendMs).toBeGreaterThanOrEqual(0); // a thread sends nothing
        expect(roundTripMs).toBeLessThan(milliseconds);
      }
    }
  });

  test('of --trace shows the work of each worker in each step', async () => {
    const file = join(temporaryFolder(), 'trace.json');
    const flags = ['--workers', '2', '--steps', '12', '--trace', file, '--json'];
    expect((await startCli(['train', ...toyRun(), ...flags]).ended).code).toBe(0);
    const events: { ph: string; name: string; pid: number; dur: number; args: { step: number } }[] =
      JSON.parse(readFileSync(file, 'utf8'));
    const slices = (name: string) =>
      events.filter((event) => event.ph === 'X' && event.name === name);
    for (let step = 0; step < 12; step++) {
      const [{ dur }] = slices(`step ${step}`);
      const ofStep = (name: string) => slices(name).filter(({ args }) => args.step === step);
      for (const name of ['broadcast', 'wait for sums', 'update'])
        expect(ofStep(name)).toHaveLength(1);
      expect(ofStep('reduce').length).toBeGreaterThanOrEqual(1);
      for (const compute of ofStep('compute')) expect(compute.dur).toBeLessThanOrEqual(dur);
    }
    expect(new Set(slices('compute').map(({ pid }) => pid))).toEqual(new Set([2, 3]));
    for (const name of ['receive', 'send'])
      expect(slices(name)).toHaveLength(slices('compute').length);
  });

  test('at /api/status says that the run waits while it has too few workers', async () => {
    const flags = ['--port', '0', '--min-workers', '2', '--json'];
    const coordinator = startCli(['coordinator', ...toyRun(), ...flags]);
    const { url } = await coordinator.next('listening');
    startCli(['worker', url]);
    await coordinator.next('worker');
    const status = await getJson(url, '/api/status');
    expect(status).toMatchObject({ state: 'waiting', worldSize: 1 });
    startCli(['worker', url]);
    await coordinator.next('progress');
    expect(await getJson(url, '/api/status')).toMatchObject({ state: 'training' });
  });
});
