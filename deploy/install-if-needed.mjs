// Installs the packages and builds the kernels and the dashboard, if they are missing or older than
// their sources.
// This runs before `npm start` and `npm test`. It is plain JavaScript, because it must run on any
// Node that the user has.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const modifiedAt = (path) => statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;

function npm(...args) {
  const { status } = spawnSync(
    process.execPath,
    [process.env.npm_execpath, ...args, '--loglevel=error'],
    {
      cwd: fileURLToPath(root),
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}

// npm writes this file last. The installation also builds the rest.
if (modifiedAt('node_modules/.package-lock.json') < modifiedAt('package-lock.json')) {
  console.log('Installing packages (once, about a minute) …');
  // Some packages ask for a newer Node than the user's. npm's warnings about that stay hidden,
  // because the project brings its own Node.
  npm('ci', '--no-audit', '--no-fund');
}

/** Whether a source in a folder is newer than what was built from it, or that is missing. */
const isOutdated = (folder, built) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((name) => /\.(ts|css|html|svg)$/.test(name) && basename(name) !== 'tiles.ts')
    .some((name) => modifiedAt(folder + name) > modifiedAt(built));

const PAGE = 'coordinator/dashboard/built/page/index.html';
/** What the page is built from. */
const PAGE_SOURCES = [
  'coordinator/dashboard/page/',
  'coordinator/dashboard/model/',
  'shared/engine/',
  'shared/study/',
];

if (
  isOutdated('shared/engine/assembly/', 'shared/engine/assembly/fused.wasm') ||
  PAGE_SOURCES.some((folder) => isOutdated(folder, PAGE))
) {
  console.log('Building the kernels and the dashboard …');
  npm('run', 'build');
}
