import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  CLI,
  cliEnvironment,
  runToDone,
  startCli,
  watchProcess,
} from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Whether a run has ended in order: it has a checkpoint, and nobody holds its lock. */
function hasEndedInOrder(runDir: string): boolean {
  const isLocked = existsSync(join(runDir, 'coordinator.lock'));
  return !isLocked && readdirSync(join(runDir, 'checkpoints')).length > 0;
}

/** A terminal for a command. Not every system has it in this form. */
const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
const newRun = () => join(temporaryFolder(), 'run');

describe('a run saves a checkpoint, frees its lock and says why on stderr', () => {
  test('when the reader of its output goes', async () => {
    const out = newRun();
    const run = startCli(['train', ...toyRun(), '--workers', '2', '--out', out, '--json']);
    await run.next('progress');
    run.child.stdout?.destroy();
    const { code, stderr } = await run.ended;
    expect(code).toBe(141);
    expect(stderr).toMatch(/^Ending in order: the reader of the output has gone\./);
    expect(stderr).toContain(`"event":"stopped"`);
    expect(hasEndedInOrder(out)).toBe(true);
  });

  test.runIf(existsSync('/dev/full'))('when its output is a full disk', async () => {
    const out = newRun();
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [CLI, 'train', ...toyRun(), '--out', out], {
      env: cliEnvironment(temporaryFolder()),
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Ending in order: the output cannot be written: ENOSPC/);
    expect(stderr).toMatch(/Stopped after step \d+\. Saved /);
    expect(hasEndedInOrder(out)).toBe(true);
  });

  test('when it is stopped while it waits for workers', async () => {
    const out = newRun();
    const run = startCli(['coordinator', ...toyRun(), '--port', '0', '--out', out, '--json']);
    await run.next('listening');
    run.child.kill('SIGINT');
    const stopped = await run.next('stopped');
    expect(stopped).toMatchObject({ step: 0, runDir: out });
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Ending in order: SIGINT\. Another signal ends at once\./);
    expect(hasEndedInOrder(out)).toBe(true);
  });

  test('when the npm that started it ends', async () => {
    const out = newRun();
    const args = ['coordinator', ...toyRun(), '--port', '0', '--out', out, '--json'];
    // npm runs commands through a shell, and the shell ends with npm.
    const shell: ChildProcessByStdio<null, Readable, Readable> = spawn(
      'sh',
      ['-c', '"$@"; exit $?', 'sh', process.execPath, CLI, ...args],
      {
        env: { ...cliEnvironment(temporaryFolder()), npm_lifecycle_event: 'npx' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const run = watchProcess(shell);
    await run.next('listening');
    run.child.kill('SIGKILL');
    await run.next('stopped');
    const { stderr } = await run.ended;
    expect(stderr).toMatch(/^Ending in order: npm, which started this, is gone\./);
    expect(hasEndedInOrder(out)).toBe(true);
  });
});

test('a coordinator that nobody joins ends after --worker-timeout', async () => {
  const out = newRun();
  const flags = ['--port', '0', '--out', out, '--worker-timeout', '1', '--json'];
  const { code, stderr } = await startCli(['coordinator', ...toyRun(), ...flags]).ended;
  expect(code).toBe(1);
  expect(stderr).toBe('error: no worker for 1 s: start some, and --resume the run.\n');
  expect(hasEndedInOrder(out)).toBe(true);
});

test('workers are told that the run has failed for good, and end with code 0', async () => {
  const args = ['--lr', '1e30', '--loss', 'squared-error', '--activation', 'identity'];
  const flags = [...args, '--schedule', 'constant', '--port', '0', '--json'];
  const coordinator = startCli(['coordinator', ...toyRun(), ...flags, '--min-workers', '2']);
  const { url } = await coordinator.next('listening');
  const workers = [startCli(['worker', url]), startCli(['worker', url])];
  expect((await coordinator.ended).code).toBe(1);
  for (const worker of workers) {
    const { code, stdout } = await worker.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/The run has failed: training diverged: the loss of step \d+ is/);
  }
});

test('SIGHUP does not end a run whose output is no terminal', async () => {
  const run = startCli(['train', ...toyRun(), '--workers', '1', '--json']);
  await run.next('progress');
  run.child.kill('SIGHUP');
  await run.next('done');
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, '']);
});

test('a filter of results ends without a word when its reader goes', async () => {
  const run = startCli(['doctor']);
  run.child.stdout?.destroy();
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([141, '']);
});

test.runIf(existsSync('/usr/bin/script'))(
  'a run in a terminal that closes saves a checkpoint, although it is told twice',
  async () => {
    const out = newRun();
    const command = [process.execPath, CLI, 'train', ...toyRun(), '--workers', '1', '--out', out];
    const pidFile = join(temporaryFolder(), 'pid');
    const line = `echo $$ > ${pidFile}; exec ${command.join(' ')}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: cliEnvironment(temporaryFolder()),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const terminal = watchProcess(child);
    await expect.poll(() => terminal.lines.join('\n'), { timeout: 30_000 }).toContain('ready');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 'SIGHUP');
    process.kill(pid, 'SIGHUP');
    const { code, stdout } = await terminal.ended;
    expect(code).toBe(129);
    expect(stdout).toContain('Ending in order: SIGHUP.');
    expect(hasEndedInOrder(out)).toBe(true);
  },
);

/** Begins a command in a terminal of its own; `script` makes one. */
function inTerminal(args: readonly string[]) {
  const parts = [process.execPath, CLI, ...args].map((part) => `'${part}'`);
  // A shell that stays between would end by Ctrl-C with a code of its own.
  const command = `exec ${parts.join(' ')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: cliEnvironment(temporaryFolder()),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { child, ended, shown: () => shown };
}

const lesson = (out: string) =>
  ['train', ...toyRun({ epochs: 1 }), '--lesson', 'step', '--epochs', '1', '--out', out] as const;

describe('the run of a lesson', () => {
  test.runIf(hasScript)('ends in a terminal, and its dashboard at Ctrl-C', async () => {
    const { child, ended, shown } = inTerminal([...lesson(newRun())]);
    const stays = /The run is over\. Its dashboard stays open until Ctrl-C: (http\S+)/;
    await expect.poll(shown, { timeout: 30_000 }).toMatch(stays);
    const url = stays.exec(shown())?.[1] ?? '';
    expect(url).toMatch(/\/\?learning&lesson=step$/);
    // An open page goes on where it was.
    expect(shown().match(/Dashboard +(http\S+)/)?.[1]).toMatch(new RegExp(new URL(url).host));
    const parameters = await fetch(new URL('/api/parameters', url));
    expect(parameters.status).toBe(200);
    child.stdin.write('\x03');
    expect(await ended).toBe(0);
  });

  test('ends with its dashboard where nobody can press Ctrl-C', async () => {
    for (const flags of [[], ['--json']]) {
      const { code, stdout } = await startCli([...lesson(newRun()), ...flags]).ended;
      expect(code).toBe(0);
      expect(stdout).not.toContain('stays open');
    }
  });
});

test.for(['--workers 0 --threads 2', '--workers 2', '--workers 2 --separate-processes'])(
  'a run that is over leaves nothing open, with the flags %s',
  async (flags) => {
    const folder = temporaryFolder();
    // Node calls this when nothing is open, and not when a timer ends the command.
    const note = join(folder, 'note.mjs');
    const reached = join(folder, 'reached');
    writeFileSync(
      note,
      `import { writeFileSync } from 'node:fs';
    process.once('beforeExit', () => writeFileSync(${JSON.stringify(reached)}, ''));`,
    );
    const node = [process.execPath, '--import', note];
    await runToDone(['train', ...toyRun({ epochs: 1 }), ...flags.split(' ')], { node });
    expect(existsSync(reached)).toBe(true);
  },
);
