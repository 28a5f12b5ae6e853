import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../worker/python/', import.meta.url));

/** A Python that has what the worker needs: Debian's own, or the first one of the path. */
export const python: string | undefined = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import numpy, websockets, msgpack']).status === 0,
);

/** What a title says about tests that need it. */
export const NEEDS_PYTHON = '(skipped without Python, numpy, websockets and msgpack)';

/** Runs a script of `worker/python`, without its own files of bytecode. */
const runPython = (args: readonly string[]): ChildProcess =>
  spawn(python ?? '', ['-B', ...args], { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] });

/** Compares the worker's arithmetic with the conformance vectors. Returns what it prints. */
export const checkVectors = (): string =>
  spawnSync(python ?? '', ['-B', 'check.py'], { cwd: FOLDER, encoding: 'utf8' }).stdout;

/** Starts a worker. It is killed when the test ends. */
export function startPythonWorker(url: string, args: readonly string[] = []) {
  const child = runPython(['worker.py', url, ...args]);
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
