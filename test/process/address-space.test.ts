import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { watchProcess } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));

/** In kB. One WebAssembly memory with its guard regions fits, and a second one does not. */
const ONE_MEMORY = 24_000_000;

/** Starts `lockstep` with a limit on its address space, as login nodes of clusters have it. */
function startLimited(args: readonly string[], directory: string) {
  const limited = `ulimit -v ${ONE_MEMORY}; exec "$0" "$@"`;
  return watchProcess(
    spawn('bash', ['-c', limited, process.execPath, CLI, ...args], {
      cwd: directory,
      env: { ...process.env, XDG_CACHE_HOME: directory, LOCKSTEP_MIRRORS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

test('where one memory fits, the kernels are the fast ones', async () => {
  const { stdout } = await startLimited(['doctor', '--json'], temporaryFolder()).ended;
  const { engines } = JSON.parse(stdout);
  expect(engines.map(({ tile }: { tile: string }) => tile)).not.toContain('plain');
});

test('where one memory fits, a coordinator and a worker in its process share it', async () => {
  const directory = temporaryFolder();
  writeToyDataset(directory);
  const flags = ['--data-dir', directory, '--validation', '200', '--epochs', '1', '--json'];
  const hashes = [];
  for (const workers of [0, 1]) {
    const out = join(directory, `run-${workers}`);
    const args = ['train', '--workers', String(workers), '--out', out, ...flags];
    const run = startLimited(args, directory);
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const start = run.events().find(({ event }) => event === 'start');
    expect(start).not.toMatchObject({ tile: 'plain' });
    const done = run.events().at(-1);
    hashes.push(done?.event === 'done' && done.parametersSha256);
  }
  expect(hashes[1]).toBe(hashes[0]);
});
