import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import {
  firstFiles,
  readAllPageFiles,
  readFolder,
  readPageFiles,
} from '../../../../coordinator/dashboard/page-files.ts';
import type { PageFile } from '../../../../coordinator/port/answers/page-answers.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test('the files of a folder by their paths, with what the build has compressed', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  for (const name of ['index.html', 'index.html.br', 'assets/a.js', 'assets/a.js.gz', 'notes.txt'])
    writeFileSync(join(folder, name), name);
  const files = readFolder(pathToFileURL(`${folder}/`), '/join');
  expect([...files.keys()].sort()).toEqual(['/assets/a.js', '/join']);
  expect(files.get('/join')).toEqual({
    type: 'text/html; charset=utf-8',
    body: Buffer.from('index.html'),
    encoded: { br: Buffer.from('index.html.br') },
  });
  expect(files.get('/assets/a.js')?.encoded).toEqual({ gzip: Buffer.from('assets/a.js.gz') });
});

test('a folder that is not there has no files', () => {
  expect(readFolder(pathToFileURL(`${temporaryFolder()}/none/`), '/').size).toBe(0);
});

const files = readPageFiles();
const first = firstFiles(files);
const sum = (paths: readonly string[], sizeOf: (file: PageFile) => number | undefined) =>
  paths.reduce((total, path) => total + (sizeOf(files.get(path) as PageFile) ?? 0), 0);
const raw = (paths: readonly string[]) => sum(paths, ({ body }) => body.byteLength);
const brotli = (paths: readonly string[]) => sum(paths, ({ encoded }) => encoded.br?.byteLength);

test('the files that the page needs at first stay within their budget', () => {
  expect(first.map((path) => path.replace(/.*\./, '')).sort()).toEqual(['/', 'css', 'js']);
  expect(raw(first)).toBeLessThan(120 * 1024);
  expect(brotli(first)).toBeLessThan(40 * 1024);
});

test('what shows the net stays within its budget, too', () => {
  const later = [...files.keys()].filter((path) => !first.includes(path));
  expect(later.filter((path) => path.endsWith('.wasm'))).toHaveLength(2);
  expect(brotli(later)).toBeGreaterThan(10 * 1024);
  expect(brotli(later)).toBeLessThan(96 * 1024);
});

test('each file is compressed when it is built', () => {
  for (const [, { encoded }] of files) expect(Object.keys(encoded)).toEqual(['br', 'gzip']);
});

test('the page of a tab is there beside the dashboard, and small enough for a phone', () => {
  const all = readAllPageFiles();
  const [tab] = [...all].filter(([path]) => path === '/join');
  expect(Buffer.from(tab[1].body).toString()).toContain('<div id="tab">');
  const added = [...all].filter(([path]) => !files.has(path));
  expect(added.some(([path]) => /\/tab-worker-[^/]*\.js$/.test(path))).toBe(true);
  const bytes = added.reduce((total, [, { encoded }]) => total + (encoded.br?.byteLength ?? 0), 0);
  expect(bytes).toBeLessThan(100 * 1024);
});
