// Installs the packages and builds the kernels if that was never done, or if what they are made from has changed since.
// Runs before `npm start` and `npm test`, on whatever Node the user has; hence plain JavaScript.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const modifiedAt = (path) => statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function npm(...args) {
  const { status } = spawnSync(process.execPath, [process.env.npm_execpath, ...args, '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

// npm writes this file last. An installation builds the kernels too.
if (modifiedAt('node_modules/.package-lock.json') < modifiedAt('package-lock.json')) {
  console.log('Installing packages (once, about a minute) …');
  // The engines of some packages name a Node that is newer than the user's; the project brings its own.
  npm('ci', '--no-audit', '--no-fund');
}

const ASSEMBLY = 'shared/engine/assembly/';
const sources = readdirSync(new URL(ASSEMBLY, root), { recursive: true }).filter(
  (name) => name.endsWith('.ts') && basename(name) !== 'tiles.ts',
);
if (sources.some((name) => modifiedAt(ASSEMBLY + name) > modifiedAt(`${ASSEMBLY}fused.wasm`))) {
  console.log('Building the kernels …');
  npm('run', 'build');
}
