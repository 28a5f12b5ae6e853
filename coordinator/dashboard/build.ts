/**
 * Builds the files that a browser gets, and compresses each of them: the dashboard from `page/`
 * into `built/page/`, and the page that makes a worker of a tab from `worker/browser/page/` into
 * `worker/browser/built/`. Builds the dashboard as one script too, into `built/report/`. npm runs
 * this script after an installation.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { collapseTemplates } from './template-spaces.ts';

const vite = await import('vite').catch(() => undefined);
if (!vite) {
  console.log('The dashboard stays as it is, because its bundler (vite) is not installed.');
  process.exit();
}
const { build } = vite;
const HERE = new URL('./', import.meta.url);
const TAB = new URL('../../worker/browser/', import.meta.url);

/** A page in one file starts no threads: it needs neither their script nor its kernels. */
const keepOnlyPage: Plugin = {
  name: 'keep-only-page',
  enforce: 'post',
  generateBundle(_, bundle) {
    for (const [name, { type }] of Object.entries(bundle))
      if (type === 'asset' && !/\.(html|css)$/.test(name)) delete bundle[name];
  },
};

compressAll(await buildInto('built/page/', HERE, 'page'));
compressAll(await buildInto('built/', TAB, 'page'));
// A run in one file has all scripts in one.
await buildInto('built/report/', HERE, 'report');

/** Code may ask which of these it is built for, by `import.meta.env.MODE`. */
type Mode = 'page' | 'report';

/** Bundles the folder `page/` of a room into another of its folders. */
async function buildInto(folder: string, room: URL, mode: Mode): Promise<URL> {
  const to = new URL(folder, room);
  await build({
    mode,
    root: fileURLToPath(new URL('page/', room)),
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [collapseTemplates, ...(mode === 'report' ? [keepOnlyPage] : [])],
    worker: { format: 'es' },
    build: {
      outDir: fileURLToPath(to),
      emptyOutDir: true,
      target: ['chrome123', 'firefox121', 'safari17.5'],
      modulePreload: false,
      // The content policy of the page forbids data in addresses, except for pictures.
      assetsInlineLimit: 0,
      ...(mode === 'report' && { rolldownOptions: { output: { codeSplitting: false } } }),
    },
  });
  return to;
}

/** Compresses here, because the coordinator would stop training while it compresses. */
function compressAll(folder: URL): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = new URL(name, folder);
    if (!statSync(file).isFile()) continue;
    const content = readFileSync(file);
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(`${fileURLToPath(file)}.br`, brotliCompressSync(content, { params }));
    writeFileSync(`${fileURLToPath(file)}.gz`, gzipSync(content, { level: 9 }));
  }
}
