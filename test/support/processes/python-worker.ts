import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { assert } from '../../../shared/assert.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const FOLDER = fileURLToPath(new URL('../../../worker/python/', import.meta.url));

/** A Python that has what the worker needs: Debian's own, or the first one of the path. */
export const python: string | undefined = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import numpy, websockets, msgpack']).status === 0,
);

/** What a title says about tests that need it. */
export const NEEDS_PYTHON = '(skipped without Python, numpy, websockets and msgpack)';

/** Runs a script of `worker/python`, without its own files of bytecode. */
const runPython = (args: readonly string[], cwd: string): ChildProcess =>
  spawn(python ?? '', ['-B', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });

/** Compares the worker's arithmetic with the conformance vectors. Returns what it prints. */
export const checkVectors = (): string =>
  spawnSync(python ?? '', ['-B', 'check.py'], { cwd: FOLDER, encoding: 'utf8' }).stdout;

/** A change of one of the worker's files, to see its wrong bits noticed. */
export interface Spoiled {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** A copy of the worker with one change. */
function copySpoiled({ file, right, wrong }: Spoiled): string {
  const folder = temporaryFolder();
  cpSync(FOLDER, folder, { recursive: true });
  const source = readFileSync(join(folder, file), 'utf8');
  assert(source.includes(right), `${file} has ${right}`);
  writeFileSync(join(folder, file), source.replace(right, wrong));
  return folder;
}

/** Starts a worker. It is killed when the test ends. */
export function startPythonWorker(url: string, spoiled?: Spoiled, flags: readonly string[] = []) {
  const child = runPython(['worker.py', url, ...flags], spoiled ? copySpoiled(spoiled) : FOLDER);
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
