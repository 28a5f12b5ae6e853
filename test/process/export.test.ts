import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEvents } from '../support/event-file-reader.ts';
import {
  CLI,
  cliEnvironment,
  runCli,
  runToDone,
  startCli,
  watchProcess,
} from '../support/processes/cli.ts';
import { recordsOf, TOY_STEPS_PER_EPOCH, toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { figuresFolder, stepOf } from '../support/toy-figures.ts';

/** The rows of a table of numbers and plain words. */
const rowsOf = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));

/** A run with so many steps, none of which was trained. */
const longRun = (steps: number): Promise<string> =>
  figuresFolder(
    Array.from({ length: steps }, (_, i) => stepOf(i)),
    [],
    { isDone: true },
  );

describe('lockstep export', () => {
  test('writes the tables and the events of a run, next to its records', async () => {
    const cwd = temporaryFolder();
    const { runDir } = await runToDone(
      ['train', ...toyRun({ epochs: 2 }), '--workers', '2', '--out', 'run'],
      { cwd },
    );
    const steps = 2 * TOY_STEPS_PER_EPOCH;
    const csv = await runCli(['export', 'run', '--format', 'csv', '--json'], { cwd });
    expect([csv.code, csv.stderr]).toEqual([0, '']);
    expect(JSON.parse(csv.stdout)).toEqual({
      event: 'export',
      format: 'csv',
      run: 'run',
      files: [join('run', 'csv', 'steps.csv'), join('run', 'csv', 'epochs.csv')],
      steps,
      epochs: 2,
      isDone: true,
    });
    const [header, ...rows] = rowsOf(join(runDir, 'csv', 'steps.csv'));
    const records = recordsOf(runDir);
    expect(rows.map((row) => Number(row[header.indexOf('loss')]))).toEqual(
      records.map(({ loss }) => loss),
    );
    expect(rows.map((row) => row[header.indexOf('chain')])).toEqual(
      records.map(({ chain }) => chain),
    );
    expect(rowsOf(join(runDir, 'csv', 'epochs.csv'))).toHaveLength(3);

    const board = await runCli(['export', 'run', '--format', 'tensorboard'], { cwd });
    expect([board.code, board.stderr]).toEqual([0, '']);
    const [summary, file, advice] = board.stdout.split('\n');
    expect(summary).toBe(`Wrote ${steps} steps and 2 epochs`);
    expect(advice).toBe(`Look at them with: tensorboard --logdir ${join('run', 'tensorboard')}`);
    const [, ...events] = readEvents(readFileSync(join(cwd, file.trim())));
    expect(events).toHaveLength(steps + 2);
    const losses = events.flatMap(({ values }) => values['loss/train'] ?? []);
    expect(losses).toEqual(records.map(({ loss }) => Math.fround(loss)));
    expect(events.at(-1)?.step).toBe(steps);
    // The run is as it was.
    const verified = await runCli(['verify', 'run', '--steps', '1'], { cwd });
    expect([verified.code, verified.stderr]).toEqual([0, '']);

    const again = await runCli(['export', 'run', '--format', 'csv'], { cwd });
    expect(again.code).toBe(1);
    expect(again.stderr).toBe(
      `error: ${join('run', 'csv', 'steps.csv')} is there already: --force replaces it, or ` +
        'choose another place with --out.\n',
    );
    const forced = await runCli(['export', 'run', '--format', 'csv', '--force'], { cwd });
    expect([forced.code, forced.stderr]).toEqual([0, '']);
  });

  test('takes a run that is training, and does not disturb it', async () => {
    const cwd = temporaryFolder();
    const flags = ['--workers', '1', '--out', 'run', '--json'];
    const run = startCli(['train', ...toyRun({ epochs: 100_000 }), ...flags], { cwd });
    await run.next('epoch');
    for (const format of ['csv', 'tensorboard']) {
      const { code, stdout, stderr } = await runCli(['export', 'run', '--format', format], { cwd });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(
        /^Wrote [\d,]+ steps and [\d,]+ epochs? so far: the run has not ended/,
      );
    }
    const [, ...rows] = rowsOf(join(cwd, 'run', 'csv', 'steps.csv'));
    const records = recordsOf(join(cwd, 'run')).slice(0, rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(TOY_STEPS_PER_EPOCH);
    expect(rows.map(([step]) => Number(step))).toEqual(records.map(({ step }) => step));
    await run.next('epoch');
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(143);
    expect((await runCli(['verify', 'run', '--steps', '1'], { cwd })).code).toBe(0);
  });

  test.for(['csv', 'tensorboard'])('writes %s of a run longer than its memory', async (format) => {
    const run = await longRun(100_000);
    // The records alone would take more.
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const { code, stdout, stderr } = await runCli(['export', run, '--format', format], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Wrote 100,000 steps and 0 epochs\n/);
  });

  test.for(['csv', 'tensorboard'])(
    'leaves nothing of %s where there is no room',
    async (format) => {
      const run = await longRun(10_000);
      const out = join(temporaryFolder(), 'out');
      // Of files of at most 64 KiB, in units of 512 bytes. A full disk takes the same way.
      const limited = 'ulimit -f 128; exec "$0" "$@"';
      const args = ['export', run, '--format', format, '--out', out];
      const env = { ...cliEnvironment(out), NODE_DISABLE_COMPILE_CACHE: '1' };
      const { code, stdout, stderr } = await watchProcess(
        spawn('/bin/sh', ['-c', limited, process.execPath, CLI, ...args], {
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ).ended;
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^error: cannot write .*: EFBIG: file too large, write: raise the limit of file sizes/,
      );
      expect(readdirSync(out)).toEqual([]);
    },
  );

  test('says what is wrong with the run or the format, and writes nothing', async () => {
    const cwd = temporaryFolder();
    const failure = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(['export', ...args], { cwd });
      expect(stdout).toBe('');
      return [code, stderr.split('\n')[0]];
    };
    const empty = await figuresFolder([], []);
    expect(await failure('nowhere', '--format', 'csv')).toEqual([
      1,
      'error: nowhere holds no run: give the folder of a run.',
    ]);
    expect(await failure(empty, '--format', 'tensorboard')).toEqual([
      1,
      `error: the run ${empty} has no records yet: try again when it has trained a step.`,
    ]);
    expect(await failure('nowhere', '--format', 'cvs')).toEqual([
      2,
      "error: option '--format <name>' argument 'cvs' is invalid. Allowed choices are csv, " +
        'onnx, pytorch, tensorboard. Did you mean csv?',
    ]);
    expect(await failure('nowhere', '--format', 'csv', '--checkpoint', '430')).toEqual([
      2,
      'error: --checkpoint 430 chooses a model, but csv holds none. Leave it out.',
    ]);
    expect(await failure('nowhere', '--format', 'pytorch')).toEqual([
      1,
      expect.stringMatching(/^error: cannot read the checkpoint nowhere: ENOENT/),
    ]);
    expect(await failure('nowhere')).toEqual([
      2,
      "error: required option '--format <name>' not specified",
    ]);
    const json = await runCli(['export', empty, '--format', 'csv', '--json'], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({ event: 'error', code: 'FILE' });
    for (const folder of ['csv', 'tensorboard'])
      expect(existsSync(join(empty, folder))).toBe(false);
  });
});
