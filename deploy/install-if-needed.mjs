// Installs the packages if that was never done, or if package-lock.json has changed since. Runs before `npm start`
// and `npm test`, on whatever Node the user has; hence plain JavaScript.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const modifiedAt = (path) =>
  statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes this file last.
if (modifiedAt('../node_modules/.package-lock.json') < modifiedAt('../package-lock.json')) {
  console.log('Installing packages (once, about a minute) …');
  // The engines of some packages name a Node that is newer than the user's; the project brings its own.
  const npm = [process.env.npm_execpath, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync(process.execPath, npm, {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}
