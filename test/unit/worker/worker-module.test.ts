import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import {
  BUILT_FROM,
  BUILT_WORKER,
  sourceStamp,
  workerModule,
} from '../../../worker/worker-module.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SOURCE = 'shared/a.ts';
let root: URL;
const write = (path: string, text: string) => {
  mkdirSync(new URL('./', new URL(path, root)), { recursive: true });
  writeFileSync(new URL(path, root), text);
};
const chosen = () => workerModule(root).href.slice(root.href.length);

beforeEach(() => {
  root = pathToFileURL(join(temporaryFolder(), '/'));
  write(SOURCE, 'one');
  write(BUILT_WORKER, 'all');
  write(BUILT_FROM, JSON.stringify({ [SOURCE]: sourceStamp(new URL(SOURCE, root)) }));
});

test('workers run the file that is built from what is here', () => {
  expect(chosen()).toBe(BUILT_WORKER);
});

test.for<[string, () => void]>([
  ['a module has changed its length', () => write(SOURCE, 'longer')],
  ['a module is older than it was', () => utimesSync(new URL(SOURCE, root), 1e9, 1e9)],
  ['a module is gone', () => rmSync(new URL(SOURCE, root))],
  ['nothing was built', () => rmSync(new URL(BUILT_WORKER, root))],
  ['nobody knows from what it was built', () => rmSync(new URL(BUILT_FROM, root))],
  ['it was built from nothing', () => write(BUILT_FROM, '{}')],
  ['the note was cut short', () => write(BUILT_FROM, '{"shared/')],
])('workers begin as the command does if %s', ([, change]) => {
  change();
  expect(chosen()).toBe('cli.ts');
});
