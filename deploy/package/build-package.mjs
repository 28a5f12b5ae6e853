// Builds what `npm pack` puts into the package: JavaScript, because Node strips no types in
// packages that are installed, the kernels, and the pages.
// Usage: build-package.mjs [OUT], by default dist.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ASSEMBLY = 'shared/engine/assembly';
const root = fileURLToPath(new URL('../../', import.meta.url));
const out = resolve(process.argv[2] ?? join(root, 'dist'));

rmSync(out, { recursive: true, force: true });
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
const project = join(root, 'deploy/package/tsconfig.json');
const compiler = [join(typescript, 'bin/tsc'), '--project', project, '--outDir', out];
const { status } = spawnSync(process.execPath, compiler, { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

mkdirSync(join(out, ASSEMBLY), { recursive: true });
for (const name of readdirSync(join(root, ASSEMBLY)).filter((name) => name.endsWith('.wasm')))
  cpSync(join(root, ASSEMBLY, name), join(out, ASSEMBLY, name));
for (const page of ['coordinator/dashboard/built', 'worker/browser/built'])
  cpSync(join(root, page), join(out, page), { recursive: true });
