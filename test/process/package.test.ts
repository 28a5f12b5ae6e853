import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { runToDone, watchProcess } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILD = join(ROOT, 'deploy/package/build-package.mjs');

/** Packs Lockstep and unpacks it below another `node_modules`. Returns the folder of both. */
function installPackage(): string {
  const [staging, target] = [temporaryFolder(), temporaryFolder()];
  for (const name of ['package.json', 'README.md', 'LICENSE', packageJson.bin.lockstep])
    cpSync(join(ROOT, name), join(staging, name));
  execFileSync(process.execPath, [BUILD, join(staging, 'dist')]);
  const pack = ['pack', '--ignore-scripts', '--offline', '--pack-destination', target];
  execFileSync('npm', pack, { cwd: staging, stdio: 'ignore' });

  const modules = join(target, 'node_modules');
  mkdirSync(join(modules, 'lockstep'), { recursive: true });
  const archive = join(target, `lockstep-${packageJson.version}.tgz`);
  const place = ['-C', join(modules, 'lockstep'), '--strip-components', '1'];
  execFileSync('tar', ['-xzf', archive, ...place]);
  for (const name of Object.keys(packageJson.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return target;
}

test('the package works where it is installed, and computes the same bits', async () => {
  const folder = installPackage();
  const installed = join(folder, 'node_modules/lockstep');
  expect(readdirSync(installed).sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'lockstep.mjs',
    'package.json',
  ]);
  writeToyDataset(folder);
  const flags = ['--data-dir', folder, '--epochs', '1', '--workers', '2'];
  const train = ['train', ...flags, '--separate-processes', '--json'];
  const child = spawn(process.execPath, [join(installed, 'lockstep.mjs'), ...train], {
    cwd: folder,
    env: { ...process.env, XDG_CACHE_HOME: folder, LOCKSTEP_MIRRORS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = watchProcess(child);
  const { code, stderr } = await run.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(run.events().find(({ event }) => event === 'start')).not.toMatchObject({ tile: 'plain' });
  const { parametersSha256 } = await runToDone(['train', ...flags]);
  expect(run.events().at(-1)).toMatchObject({ event: 'done', parametersSha256 });
});
