/**
 * Builds the files that a browser gets from the sources in `page/`, into `built/page/`, and
 * compresses each of them. Builds the page as one script too, into `built/report/`. npm runs this
 * script after an installation.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { collapseTemplates } from './template-spaces.ts';

const vite = await import('vite').catch(() => undefined);
if (!vite) {
  console.log('The dashboard stays as it is, because its bundler (vite) is not installed.');
  process.exit();
}
const { build } = vite;
const buildInto = (mode: 'page' | 'report') =>
  build({
    mode,
    root: fileURLToPath(new URL('page/', import.meta.url)),
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [collapseTemplates],
    build: {
      outDir: `../built/${mode}`,
      emptyOutDir: true,
      target: ['chrome123', 'firefox121', 'safari17.5'],
      modulePreload: false,
      // The content policy of the page forbids data in addresses, except for pictures.
      assetsInlineLimit: 0,
      ...(mode === 'report' && { rolldownOptions: { output: { codeSplitting: false } } }),
    },
  });
await buildInto('page');
// A run in one file has all scripts in one.
await buildInto('report');

// Here, because the coordinator would stop training while it compresses.
const built = new URL('built/page/', import.meta.url);
for (const name of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
  const file = new URL(name, built);
  if (!statSync(file).isFile()) continue;
  const content = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(`${fileURLToPath(file)}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${fileURLToPath(file)}.gz`, gzipSync(content, { level: 9 }));
}
