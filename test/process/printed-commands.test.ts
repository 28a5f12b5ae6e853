import { execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type RunningCli, startCli, watchProcess } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

const TRAIN = ['--layers', '5', '--validation', '200', '--global-batch', '40'];
const RUN = "my run's folder";

/** A folder with a dataset in a folder whose name has a space. */
function workplace() {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, 'my data'));
  writeToyDataset(join(cwd, 'my data'));
  // As if a person had started it, not npm.
  const env = { npm_execpath: '', LOCKSTEP_MIRRORS: '', XDG_CACHE_HOME: cwd };
  const start = (...args: string[]) => startCli(args, { cwd, env });
  const inShell = (command: string) =>
    promisify(execFile)('sh', ['-c', command], { cwd, env: { ...process.env, ...env } });
  const background = (command: string) =>
    watchProcess(
      spawn('sh', ['-c', `exec ${command}`], {
        cwd,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  return { start, inShell, background };
}

/** A line of a log, without its time and level. */
const withoutTime = (line: string) => line.replace(/^\S+Z (info|warn) {2}/, '');

/** The commands that a process has printed, without the remarks behind them. */
function commandsIn(text: string): string[] {
  const lines = text.split('\n').flatMap((logged) => {
    const line = withoutTime(logged);
    const [, command] = /^(?: {2}|Continue with: )(\S*node\S* .*)$/.exec(line) ?? [];
    return command === undefined ? [] : [command.split('    ')[0]];
  });
  return lines;
}

/** Resolves when the process has printed a line that matches. */
async function untilLine({ child, lines }: RunningCli, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = lines.map(withoutTime).find((one) => pattern.test(one));
    if (line !== undefined) return line;
    if (child.exitCode !== null) throw new Error(`it ended without ${pattern}: ${lines}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('the commands after a run work as they are printed, without --data-dir', async () => {
  const { start, inShell, background } = workplace();
  const flags = ['--workers', '1', '--data-dir', 'my data', '--out', RUN];
  const run = start('train', ...TRAIN, ...flags, '--epochs', '2', '--steps', '12');
  const { code, stdout } = await run.ended;
  expect(code).toBe(0);
  const commands = commandsIn(stdout);
  const names = commands.map((command) => /cli\.ts (\S+)/.exec(command)?.[1]);
  expect(names).toEqual(['train', 'view', 'evaluate', 'predict', 'verify', 'train']);
  const [view] = commands.splice(1, 1);
  const outputs = [];
  for (const command of commands)
    outputs.push((await inShell(command.replace(/ FILE$/, " 'my data/toy-testImages'"))).stdout);
  const viewing = background(view);
  expect(await untilLine(viewing, /^Dashboard/)).toContain('http://127.0.0.1:');
  viewing.child.kill('SIGINT');
  expect((await viewing.ended).code).toBe(130);
  expect(outputs[0]).toContain('Trained to step 20 in');
  expect(outputs[1]).toContain("Step            20, the run's model");
  expect(outputs[2]).toContain('testImages');
  expect(outputs[3]).toContain('The run matches its records.');
});

test('the command after Ctrl-C goes on with the run, also of a coordinator', async () => {
  const { start, background } = workplace();
  const flags = ['--data-dir', 'my data', '--out', RUN, '--epochs', '20000'];
  const run = start('coordinator', ...TRAIN, ...flags, '--port', '0', '--checkpoint-every', '50');
  const [url] = /ws:\S+/.exec(await untilLine(run, /^Coordinator/)) ?? [];
  const worker = start('worker', url ?? '');
  await untilLine(run, /^epoch /);
  run.child.kill('SIGINT');
  const { code, stdout } = await run.ended;
  expect(code).toBe(130);
  worker.child.kill('SIGKILL');
  const [command] = commandsIn(stdout);
  expect(command).toMatch(
    / coordinator --port 0 --checkpoint-every 50 --resume 'my run'\\''s folder'$/,
  );
  const again = background(command);
  expect(await untilLine(again, /^Resumed/)).toMatch(/after step \d+, from my run's folder/);
  again.child.kill('SIGINT');
  expect((await again.ended).code).toBe(130);
});
