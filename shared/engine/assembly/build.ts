/**
 * Compiles the AssemblyScript in `kernels/`. The result is `strict.wasm` for any machine, and
 * `fused.wasm` for machines with relaxed SIMD, each also as `…-shared.wasm` for threads. npm runs
 * this script after an installation. Each run writes `kernels/tiles.ts` anew.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateTiles } from './generate-tiles.ts';

const asc = await import('assemblyscript/asc').catch(() => undefined);
if (!asc) {
  console.log(
    'The kernels stay as they are, because their compiler (assemblyscript) is not installed.',
  );
  process.exit();
}

const PROFILES = [
  { name: 'strict', flags: ['--use', 'FUSED=0', '--enable', 'simd'] },
  { name: 'fused', flags: ['--use', 'FUSED=1', '--enable', 'simd', '--enable', 'relaxed-simd'] },
];
// A module with shared memory serves several threads. Its memory can have up to 4 GiB.
const MEMORIES = [
  { suffix: '', flags: [] },
  {
    suffix: '-shared',
    flags: ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'],
  },
];
// The modules' own data begins at `memoryBase`. The arena begins after this data.
const OPTIONS = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--memoryBase',
  '1024',
];

const baseDir = fileURLToPath(new URL('kernels/', import.meta.url));
writeFileSync(`${baseDir}tiles.ts`, generateTiles());
for (const { name, flags } of PROFILES) {
  for (const memory of MEMORIES) {
    const file = `${name}${memory.suffix}.wasm`;
    const { error, stderr } = await asc.main([
      'index.ts',
      ...['--baseDir', baseDir, '--outFile', `../${file}`],
      ...OPTIONS,
      ...flags,
      ...memory.flags,
    ]);
    if (error) throw new Error(`${file}: ${error.message}\n${stderr.toString()}`);
  }
}
