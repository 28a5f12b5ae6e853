import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import type { PageFile } from '../port/answers/page-answers.ts';
import type { ReportParts } from './report-file.ts';

const BUILT = new URL('built/page/', import.meta.url);
const BUILT_REPORT = new URL('built/report/', import.meta.url);
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

/** The paths of the files that the page needs before it shows anything, with its own. */
export function firstFiles(files: ReadonlyMap<string, PageFile>): string[] {
  const html = Buffer.from(files.get('/')?.body ?? '').toString();
  const named = html.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g);
  return ['/', ...Array.from(named, ([, path]) => path)];
}

/** The script and the style for a run in one file. Throws a `FILE` error if they are not built. */
export function readReportParts(): ReportParts {
  const files = readFolder(BUILT_REPORT, '/');
  const [main] = firstFiles(files).filter((path) => path.endsWith('.js'));
  const script = textOf(files.get(main ?? ''));
  // The page has further styles, which it loads when it needs them.
  const styles = [...files].filter(([path]) => path.endsWith('.css'));
  return { script, style: styles.map(([, file]) => textOf(file)).join('\n') };
}

function textOf(file: PageFile | undefined): string {
  if (file) return Buffer.from(file.body).toString();
  throw new LockstepError('FILE', 'the dashboard is not built: run "npm run build".');
}

/**
 * The files of a built page, of which `index.html` has the path `pagePath`. The build has
 * compressed each file into others, `NAME.br` and `NAME.gz`.
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
