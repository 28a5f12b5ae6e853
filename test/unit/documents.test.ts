import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FLAG_DOCUMENTS, withFlags } from '../docs/flags.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COLUMNS = 100;
/** Data, and what tools write. */
const NOT_WRITTEN_BY_HAND = new RegExp(
  [
    /package-lock\.json|\.(svg|png|npz|parquet)$/,
    /^(test\/fixtures|deploy\/grafana|.*\/conformance)\/.*\.json$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const documents = files.filter((file) => file.endsWith('.md'));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test.for(FLAG_DOCUMENTS)('%s has the flags of its commands', (file) => {
  const document = read(file);
  expect(document, 'run npm run docs').toBe(withFlags(document));
});

test('no line of code, comments or documents is over 100 columns', () => {
  const wide = files
    .filter((file) => !NOT_WRITTEN_BY_HAND.test(file))
    .flatMap((file) => {
      const lines = read(file).split('\n');
      return lines.flatMap((line, i) => ([...line].length > COLUMNS ? [`${file}:${i + 1}`] : []));
    });
  expect(wide).toEqual([]);
});

describe.for(documents)('%s', (file) => {
  const document = read(file);
  const prose = document.replace(/```[\s\S]*?```/g, '');

  test('links to pages and headings that exist', () => {
    const broken = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link).filter(
      (link) => !/^[a-z]+:/.test(link) && !isLinkTarget(file, link),
    );
    expect(broken).toEqual([]);
  });

  test('names files and folders that exist', () => {
    const named = Array.from(prose.matchAll(/`([\w.*-]+(?:\/[\w.*-]*)+)`/g), ([, path]) => path);
    const missing = named.filter((path) => isOurs(path) && !existsSomewhere(file, path));
    expect(missing).toEqual([]);
  });
});

describe('each promise', () => {
  const promises = read('test/README.md').split('## Kinds of tests')[0].split(/^- /m).slice(1);

  test.for(promises.map((promise) => [promise.split('\n')[0], promise] as const))(
    '%s names tests that exist',
    ([, promise]) => {
      const names = Array.from(promise.matchAll(/`([a-z]+\/[\w./-]*)`/g), ([, name]) => name);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(existsSync(join(ROOT, 'test', name)), name).toBe(true);
    },
  );
});

function isLinkTarget(file: string, link: string): boolean {
  const [path, anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || headingsOf(target).includes(anchor);
}

/** The anchors that GitHub gives to headings. */
function headingsOf(file: string): string[] {
  return Array.from(read(file).matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

/** Whether a path in a document is meant to be one of this project. */
function isOurs(path: string): boolean {
  const [first] = path.split('/');
  return existsSync(join(ROOT, first)) || /\.(ts|md|mjs|yaml)$/.test(path);
}

/** Relative to the root, to the document, or, as tests are named, to `test/`. */
function existsSomewhere(file: string, path: string): boolean {
  const places = ['', dirname(file), 'test'];
  return places.some((place) => {
    const pattern = join(ROOT, place, path);
    return existsSync(pattern) || globSync([pattern, `${pattern}.*`]).length > 0;
  });
}
