/**
 * Builds the files that a browser gets: the dashboard from `page/`, and the page that makes a worker
 * of a tab from `worker/browser/page/`. Each has its folder `built/`, in which each file is
 * compressed too. npm runs this script after an installation.
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
await bundle(vite, new URL('page/', import.meta.url), new URL('built/', import.meta.url));
const tab = new URL('../../worker/browser/', import.meta.url);
await bundle(vite, new URL('page/', tab), new URL('built/', tab));

async function bundle({ build }: typeof import('vite'), from: URL, to: URL): Promise<void> {
  await build({
    root: fileURLToPath(from),
    base: './',
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [collapseTemplates],
    worker: { format: 'es' },
    build: {
      outDir: fileURLToPath(to),
      emptyOutDir: true,
      target: ['chrome123', 'firefox121', 'safari17.5'],
      modulePreload: false,
      // The content policy of the page forbids data in addresses, except for pictures.
      assetsInlineLimit: 0,
    },
  });
  compressAll(to);
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
