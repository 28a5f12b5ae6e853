/**
 * Compiles `kernels/`, which is AssemblyScript: `strict.wasm` for any machine, `fused.wasm` for those with relaxed SIMD.
 * Run by npm after an installation; `kernels/tiles.ts` is written anew each time.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateTiles } from './generate-tiles.ts';

const asc = await import('assemblyscript/asc').catch(() => undefined);
if (!asc) {
  console.log('The kernels stay as they are: the compiler is not among the packages that were installed.');
  process.exit();
}

const PROFILES = [
  { name: 'strict', flags: ['--use', 'FUSED=0', '--enable', 'simd'] },
  { name: 'fused', flags: ['--use', 'FUSED=1', '--enable', 'simd', '--enable', 'relaxed-simd'] },
];
// Bytes below hold the modules' own data; the arena begins above them.
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--memoryBase', '1024'];

const baseDir = fileURLToPath(new URL('kernels/', import.meta.url));
writeFileSync(`${baseDir}tiles.ts`, generateTiles());
for (const { name, flags } of PROFILES) {
  const { error, stderr } = await asc.main([
    'index.ts',
    ...['--baseDir', baseDir, '--outFile', `../${name}.wasm`],
    ...OPTIONS,
    ...flags,
  ]);
  if (error) throw new Error(`${name}.wasm: ${error.message}\n${stderr.toString()}`);
}
