/** Writes the flags of all commands into the documents. Run it with `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { FLAG_DOCUMENTS, withFlags } from './flags.ts';

for (const path of FLAG_DOCUMENTS) {
  const url = new URL(`../../${path}`, import.meta.url);
  writeFileSync(url, withFlags(readFileSync(url, 'utf8')));
}
