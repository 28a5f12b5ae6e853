import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RunEvent } from '../../../../coordinator/reporting/events.ts';
import { createHumanReporter } from '../../../../coordinator/reporting/reporter.ts';

const here = (path: string) => join(process.cwd(), path);
const data = { dataset: 'toy', trainingExamples: 55_000, validationExamples: 5000 };
const model = { model: '20-7-3', numerics: 'strict', tile: 'plain' } as const;
const steps = { globalBatch: 96, microBatchCount: 16, stepsPerEpoch: 10, epochs: 12, step: 0 };
const sizes = { testExamples: 10_000, parameterCount: 1234 };
const run = { ...data, ...model, ...steps, ...sizes, resumedFrom: null, initialWeightsFrom: null };
const start = { event: 'start', runDir: here('runs/x'), ...run } as const;
const rate = { examplesPerSecond: 12_345, worldSize: 2, trainLoss: 0.25 };
const place = { step: 30, stepCount: 120, epoch: 4, secondsLeft: 185 };
const progress = { event: 'progress', ...place, ...rate } as const;
const paths = { runDir: here('runs/x'), checkpoint: here('runs/x/y') };
const result = { ...rate, seconds: 7.2, testAccuracy: 0.875, parametersSha256: 'abcd' };
const end = { steps: 120, epochs: 12, modelStep: 120, isStoppedEarly: false, totalSeconds: 7.2 };
const done = { event: 'done', ...end, ...result, ...paths } as const;
const worker = { event: 'worker', rank: 3, name: 'box', worldSize: 7 } as const;
const late = (message: string) => ({ event: 'notice', code: 'late', message }) as const;
const waiting = (message: string) => ({ event: 'notice', code: 'waiting', message }) as const;
const figures = { trainAccuracy: 0, validationAccuracy: 0, testLoss: 1, testAccuracy: 0.5 };
function epoch(number: number, trainLoss: number, validationLoss: number | null): RunEvent {
  const losses = { ...figures, trainLoss, validationLoss };
  return { event: 'epoch', epoch: number, step: number * 10, ...losses, seconds: 3 };
}

/** What people read of events; time goes only when told to. */
function reporting({ isTTY = false, columns = 120 } = {}) {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  const report = createHumanReporter({
    isTTY,
    columns,
    write,
    once() {},
  } as unknown as NodeJS.WriteStream);
  const told = (...events: RunEvent[]) => {
    for (const event of events) report(event);
    return written.splice(0).join('');
  };
  return { told, wait: (ms: number) => vi.advanceTimersByTime(ms) };
}

describe('a report for people', () => {
  test('begins with what is trained, where and on what', () => {
    const text = reporting().told(start);
    const parts = ['toy', '55,000', '5,000', '10,000', '20-7-3', '1,234', '96', 'strict'];
    for (const part of [...parts, ' runs/x\n']) expect(text).toContain(part);
    expect(text).not.toMatch(/null|undefined|resumed/i);
  });

  test('tells from where a run goes on, with paths as short as can be', () => {
    const { told } = reporting();
    const resumed = told({ ...start, step: 40, resumedFrom: here('runs/x/y'), runDir: '/r' });
    expect(resumed).toMatch(/ \/r\n.*40.* runs\/x\/y\n$/);
    expect(told({ ...start, runDir: process.cwd() })).toContain(` ${process.cwd()}\n`);
  });

  test('tells who is waited for, who comes and who goes, but not that all go at the end', () => {
    const { told } = reporting();
    const listening = {
      event: 'listening',
      url: 'ws://h:1',
      dashboardUrl: 'http://h:1/',
      workersNeeded: 4,
    } as const;
    expect(told({ ...listening, otherUrls: ['ws://h:1'] })).toMatch(
      /^.*ws:\/\/h:1.*4 workers\n.* http:\/\/h:1\/\n$/,
    );
    const otherUrls = ['ws://a:1', 'ws://[fd00::5]:1'];
    expect(told({ ...listening, otherUrls })).toMatch(/\n.*ws:\/\/a:1 .*ws:\/\/\[fd00::5\]:1\n/);
    expect(told({ ...listening, otherUrls: [], controlToken: 'def' })).toMatch(
      /\n.* http:\/\/h:1\/#token=def\n$/,
    );
    expect(told({ ...listening, otherUrls: [], token: 'abc' })).toMatch(
      /\n.*abc\n.* http:\/\/h:1\/#token=abc\n$/,
    );
    expect(told({ ...worker, pid: 31, state: 'ready' })).toMatch(/3.*ready.*box.*31.*\b7\n$/);
    expect(told({ ...worker, state: 'ready' })).not.toMatch(/pid|undefined/);
    const { pid } = process;
    expect(told({ ...worker, pid, state: 'ready' })).toContain(`(box, pid ${pid})`);
    expect(told({ ...worker, pid, name: 'local-0', state: 'ready' })).toContain('in this process');
    expect(told({ ...worker, state: 'left', reason: 'drained' })).toContain(
      'left: it was asked to',
    );
    expect(told({ ...worker, state: 'left', reason: 'silent' })).toMatch(/3.*silent.*box.*7\n$/);
    expect(told({ ...worker, state: 'left', reason: 'finished' })).toBe('');
  });

  test('tells of late shares once in five seconds, with their number, and of all else', () => {
    const { told, wait } = reporting();
    expect(told(late('a'), late('b'))).toBe('a\n');
    wait(4999);
    expect(told(late('c'), waiting('d'), waiting('e'))).toBe('d\ne\n');
    wait(1);
    expect(told(late('f'))).toBe('f (and 2 more like it before)\n');
  });

  test('leaves out checkpoints, and a validation that there is none of', () => {
    const { told } = reporting();
    expect(told({ event: 'checkpoint', step: 1, file: 'x' })).toBe('');
    expect(told(epoch(1, 0.5, 0.75))).toMatch(/^epoch .*0\.5000.*0\.7500.*50\.00 %.*3\.0 s\n$/);
    expect(told(epoch(1, 0.5, null))).not.toMatch(/null|validation/);
  });

  test('comes in a pipe ten seconds after the last progress or epoch', () => {
    const { told, wait } = reporting();
    wait(9999);
    expect(told(start, progress)).not.toContain('30/120');
    wait(1);
    expect(told(progress, progress)).toMatch(
      /^epoch 4\/12 .*30\/120 .*████░{12} .*0\.2500 .*12,345 .*2 workers .*3:05 left\n$/,
    );
    wait(9000);
    told(epoch(4, 0.5, null));
    wait(9999);
    expect(told(progress)).toBe('');
    wait(1);
    expect(told({ ...progress, worldSize: 1 })).toMatch(/ 1 worker /);
  });

  test('is in a terminal one live line, no wider than that, which goes before others', () => {
    const { told } = reporting({ isTTY: true, columns: 21 });
    expect(told(progress)).toBe('epoch 4  step 30/120');
    expect(told(progress)).toBe('\x1b[1G\x1b[2Kepoch 4  step 30/120');
    expect(told(waiting('a'), waiting('b'))).toBe('\x1b[1G\x1b[2Ka\nb\n');
  });

  test('says how to go on after a stop, and after an end within an epoch', () => {
    const { told } = reporting();
    const text = told({ event: 'stopped', step: 42, ...paths });
    expect(text).toMatch(/42.*x\/y\n.*--resume runs\/x\n/);
    expect(told(start, { ...done, steps: 115 })).toContain('--resume runs/x ');
    expect(told(done)).not.toContain('--resume');
  });

  test('ends with the result, and with the speed unless the run was finished before', () => {
    const text = reporting().told(start, done);
    const parts = ['120', '7.2 s', '12,345', '2 workers', '87.50 %', '0.2500', 'abcd', 'x/y'];
    for (const part of parts) expect(text).toContain(part);
    expect(reporting().told({ ...start, step: 120 }, done)).not.toMatch(/12,345|7\.2 s/);
  });

  test('ends with the time of this part and of the whole, if the run was resumed', () => {
    const resumed = { ...done, totalSeconds: 83 };
    expect(reporting().told({ ...start, step: 40 }, resumed)).toMatch(
      /Trained to step 120 in 1:23 in all\. This part, from step 40, took 7\.2 s, 12,345 ex/,
    );
  });

  test('ends with the epoch that early stopping has kept, and without advice to use it', () => {
    const stopped = { ...done, modelStep: 90, isStoppedEarly: true };
    const epochs = [epoch(9, 0.5, 0.4), epoch(12, 0.3, 0.5)];
    const text = reporting().told(start, ...epochs, stopped);
    expect(text).toMatch(
      /Stopped early: the validation loss fell no more\. The run's model is .* epoch 9, step 90,/,
    );
    expect(text).not.toContain('--early-stopping');
    const atEnd = reporting().told(start, { ...stopped, isStoppedEarly: false });
    expect(atEnd).toMatch(/\nThe run's model is that of epoch 9, step 90/);
    expect(reporting().told(start, done)).not.toContain("run's model");
  });

  test('says whose weights a new run begins with', () => {
    const { told } = reporting();
    expect(told({ ...start, initialWeightsFrom: here('runs/a/b') })).toContain('from runs/a/b\n');
  });

  test('tells of overfitting where the losses parted three epochs ago', () => {
    const adviceAfter = (...events: RunEvent[]) =>
      /epoch.*--early-stopping/.exec(reporting().told(start, ...events, done))?.[0];
    const losses = [0.8, 0.6, 0.7, 0.75];
    const parted = losses.map((loss, i) => epoch(i + 1, [0.9, 0.7, 0.5, 0.45][i], loss));
    expect(adviceAfter(...parted)).toBeUndefined();
    expect(adviceAfter(...parted, epoch(5, 0.4, 0.8))).toMatch(/2 .*70.*0\.40.*0\.60.*0\.80/);
    expect(adviceAfter(...parted, epoch(5, 0.7, 0.8))).toBeUndefined();
    expect(adviceAfter(...parted, epoch(5, 0.4, 0.6))).toBeUndefined();
    expect(adviceAfter(...[9, 8, 7].map((loss, i) => epoch(i + 1, loss, null)))).toBeUndefined();
  });

  test('says whether chaos changed the result', () => {
    const faults = { kill: 1, stall: 2, leave: 3, join: 4, corrupt: 5 };
    const counts = { ...faults, meanWorldSize: 2.55, goodput: 0.874 };
    const hashes = { parametersSha256: 'aa', undisturbedSha256: 'bb', undisturbedWorldSize: 4 };
    const toldThat = (isEqual: boolean) =>
      reporting().told({ event: 'chaos', ...counts, ...hashes, isEqual });
    expect(toldThat(false)).toContain('4 joined, 5 expelled for a wrong sum; 2.5');
    expect(toldThat(false)).toMatch(/bb\n.*aa .*NOT EQUAL\n.* 87 %.* 4 /);
    expect(toldThat(true)).not.toContain('NOT');
  });
});
