/**
 * Puts all modules of the command `worker` into one file; see `worker-module.ts`. npm runs this
 * script after an installation.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import { BUILT_FROM, BUILT_WORKER, sourceStamp } from './worker-module.ts';

const ROOT = new URL('../', import.meta.url);
const TO = new URL('./', new URL(BUILT_WORKER, ROOT));
const sources: Record<string, string> = {};

rmSync(TO, { recursive: true, force: true });
const vite = await import('vite').catch(() => undefined);
if (!vite) {
  console.log('Workers start module by module, because the bundler (vite) is not installed.');
  process.exit();
}

/** Notes each module. Modules find files by their own address, which stays what it was. */
const keepAddresses: Plugin = {
  name: 'keep-addresses',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith('/')) return undefined;
    const file = pathToFileURL(id);
    sources[relative(fileURLToPath(ROOT), id)] = sourceStamp(file);
    if (!code.includes('import.meta.url')) return undefined;
    const address = JSON.stringify(relative(fileURLToPath(TO), id));
    return code.replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`);
  },
};

await vite.build({
  root: fileURLToPath(ROOT),
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  plugins: [keepAddresses],
  ssr: { noExternal: true },
  build: {
    ssr: 'cli.ts',
    outDir: fileURLToPath(TO),
    target: 'node24',
    rolldownOptions: {
      external: (id) => id.endsWith('-command.ts') && !id.endsWith('/worker-command.ts'),
      output: { entryFileNames: 'worker.js', codeSplitting: false },
    },
  },
});
writeFileSync(new URL(BUILT_FROM, ROOT), JSON.stringify(sources));
