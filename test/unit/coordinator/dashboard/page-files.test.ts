import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import {
  readAllPageFiles,
  readFolder,
  readPageFiles,
} from '../../../../coordinator/dashboard/page-files.ts';
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

test('the built page stays within its budget', () => {
  const files = [...readPageFiles()];
  expect(files.map(([path]) => path)).toContain('/');
  const sum = (sizes: (number | undefined)[]) => sizes.reduce<number>((a, b) => a + (b ?? 0), 0);
  expect(sum(files.map(([, { body }]) => body.byteLength))).toBeLessThan(120 * 1024);
  expect(sum(files.map(([, { encoded }]) => encoded.br?.byteLength))).toBeLessThan(40 * 1024);
  for (const [, { encoded }] of files) expect(Object.keys(encoded)).toEqual(['br', 'gzip']);
});

test('the page of a tab is there beside the dashboard, and small enough for a phone', () => {
  const dashboard = readPageFiles();
  const files = [...readAllPageFiles()].filter(([path]) => !dashboard.has(path));
  const paths = files.map(([path]) => path);
  expect(paths).toContain('/join');
  expect(paths.filter((path) => path.endsWith('.wasm'))).toHaveLength(2);
  const bytes = files.reduce((sum, [, { encoded }]) => sum + (encoded.br?.byteLength ?? 0), 0);
  expect(bytes).toBeLessThan(100 * 1024);
});
