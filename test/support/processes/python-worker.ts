import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { assert } from '../../../shared/assert.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const FOLDER = fileURLToPath(new URL('../../../worker/python/', import.meta.url));
const VECTORS = fileURLToPath(new URL('../../../shared/protocol/conformance/', import.meta.url));

/** A Python that has what the worker needs: Debian's own, or the first one of the path. */
export const python: string | undefined = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import numpy, websockets, msgpack']).status === 0,
);

/** What a title says about tests that need it. */
export const NEEDS_PYTHON = '(skipped without Python, numpy, websockets and msgpack)';

/** Runs a script of `worker/python`, without its own files of bytecode. */
const runPython = (args: readonly string[], cwd: string): ChildProcess =>
  spawn(python ?? '', ['-B', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });

/** A change of one of the worker's files, to see wrong bits noticed for example. */
export interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Leaves what dense and convolutional nets need. */
export const DENSE_AND_CONVOLUTIONAL: Change = {
  file: 'worker.py',
  before: 'from every_layer import Run',
  after: 'from run import Run',
};

/** Compares the worker with the conformance vectors. Returns what it prints. */
export function checkVectors(change?: Change): string {
  const cwd = change ? copyChanged(change) : FOLDER;
  return spawnSync(python ?? '', ['-B', 'check.py', VECTORS], { cwd, encoding: 'utf8' }).stdout;
}

/** A copy of the worker with one change. */
function copyChanged({ file, before, after }: Change): string {
  const folder = temporaryFolder();
  cpSync(FOLDER, folder, { recursive: true });
  const source = readFileSync(join(folder, file), 'utf8');
  assert(source.includes(before), `${file} has ${before}`);
  writeFileSync(join(folder, file), source.replace(before, after));
  return folder;
}

/** Starts a worker. It is killed when the test ends. */
export function startPythonWorker(url: string, change?: Change, flags: readonly string[] = []) {
  const child = runPython(['worker.py', url, ...flags], change ? copyChanged(change) : FOLDER);
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const joined = new Promise<void>((resolve) => {
    child.stdout?.on('data', (text) => {
      output += text;
      if (output.includes('Joined')) resolve();
    });
  });
  child.stderr?.on('data', (text) => {
    output += text;
  });
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
  return { child, joined, ended };
}
