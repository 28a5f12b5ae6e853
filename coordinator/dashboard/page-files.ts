import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import type { PageFile } from '../port/page-answers.ts';
import type { ReportParts } from './report-file.ts';

const BUILT = new URL('built/', import.meta.url);
/** The page that makes a worker of a browser's tab; see `worker/browser/`. */
const TAB_BUILT = new URL('../../worker/browser/built/', import.meta.url);
/** The path of that page. */
const TAB_PATH = '/join';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/**
 * All files of the dashboard by their paths, such as `/assets/index.js`. Empty if none is built.
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  kept ??= readFolder(BUILT, '/');
  return kept;
}

let kept: ReadonlyMap<string, PageFile> | undefined;

/** The files of the dashboard, and those of the page on which a tab becomes a worker. */
export function readAllPageFiles(): ReadonlyMap<string, PageFile> {
  keptOfAll ??= new Map([...readPageFiles(), ...readFolder(TAB_BUILT, TAB_PATH)]);
  return keptOfAll;
}

let keptOfAll: ReadonlyMap<string, PageFile> | undefined;

/** The script and the style for a run in one file. Throws a `FILE` error if they are not built. */
export function readReportParts(): ReportParts {
  const textOf = (ending: string): string => {
    const [, file] = [...readPageFiles()].find(([path]) => path.endsWith(ending)) ?? [];
    if (file) return Buffer.from(file.body).toString();
    throw new LockstepError('FILE', 'the dashboard is not built: run "npm run build".');
  };
  return { script: textOf('.js'), style: textOf('.css') };
}

/**
 * The files of a built page, of which `index.html` has the path `pagePath`. The build has compressed
 * each file into others, `NAME.br` and `NAME.gz`.
 */
export function readFolder(folder: URL, pagePath: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  const names = namesIn(folder);
  const read = (name: string) =>
    names.includes(name) ? readFileSync(new URL(name, folder)) : undefined;
  for (const name of names) {
    const type = TYPES[extname(name)];
    const body = type === undefined ? undefined : read(name);
    if (type === undefined || !body) continue;
    const [br, gzip] = [read(`${name}.br`), read(`${name}.gz`)];
    const path = name === 'index.html' ? pagePath : `/${name}`;
    files.set(path, { type, body, encoded: { ...(br && { br }), ...(gzip && { gzip }) } });
  }
  return files;
}

function namesIn(folder: URL): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
