import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LockstepError, reasonOf, systemCode } from '../errors.ts';
import { describeIssue } from '../validation.ts';
import { writeCached } from './content-cache.ts';
import {
  type ContentSource,
  cacheSource,
  coordinatorSource,
  DEBIAN_FOLDER,
  debianPackageSource,
  folderSource,
  mirrorSource,
} from './content-sources.ts';
import { createDataset, type Dataset } from './dataset.ts';
import type { DownloadProgress } from './download.ts';
import { DATA_ROLES, type DataFile, type DataRole, DatasetManifest, FASHION_MNIST } from './manifest.ts';

/** A folder may describe its files with this one: a {@link DatasetManifest}. Without it they are Fashion-MNIST. */
export const MANIFEST_FILE = 'dataset.json';

/** Overrides the mirrors: addresses of web folders, separated by commas; empty for none. */
export const MIRRORS_VARIABLE = 'LOCKSTEP_MIRRORS';

const OFFICIAL_MIRRORS = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
];

/** What happens while a dataset is got, for people and scripts. */
export type DataEvent =
  | ({ event: 'download'; file: string; source: string } & DownloadProgress)
  | { event: 'notice'; code: 'data'; message: string };

export interface LoadContext {
  readonly signal: AbortSignal;
  readonly report: (event: DataEvent) => void;
}

/** A dataset with the contents of its files as they were read. */
export interface LoadedDataset {
  readonly dataset: Dataset;
  readonly contents: Readonly<Record<DataRole, Uint8Array>>;
}

/** What a folder of data holds, as it says itself, or else Fashion-MNIST. Throws a `DATA` error. */
export async function readManifest(dataDir: string | undefined): Promise<DatasetManifest> {
  if (dataDir === undefined) return FASHION_MNIST;
  const info = await stat(dataDir).catch(() => undefined);
  if (!info?.isDirectory()) throw new LockstepError('DATA', `--data-dir ${dataDir} is not a folder.`);
  const path = join(dataDir, MANIFEST_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new LockstepError('DATA', `cannot read ${path}: ${reasonOf(error)}.`);
  });
  if (text === undefined) return FASHION_MNIST;
  const manifest = parseJson(text, path);
  const result = DatasetManifest.safeParse(manifest);
  if (result.success) return result.data;
  throw new LockstepError('DATA', `${path}: ${describeIssue(result.error, manifest)}.`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LockstepError('DATA', `${path} is not JSON: ${reasonOf(error)}.`);
  }
}

/**
 * Where a coordinator looks: in `dataDir` alone if that is given, else in the cache, Debian's folder, on the
 * mirrors, in Debian's archive.
 */
export function coordinatorSources(dataDir: string | undefined): ContentSource[] {
  if (dataDir !== undefined) return [folderSource(dataDir)];
  const configured = process.env[MIRRORS_VARIABLE];
  const mirrors =
    configured === undefined ? OFFICIAL_MIRRORS : configured.split(',').filter((url) => url !== '');
  return [cacheSource, folderSource(DEBIAN_FOLDER), ...mirrors.map(mirrorSource), debianPackageSource()];
}

/** Where a worker looks: on its own disk, then with the coordinator. */
export function workerSources(dataDir: string | undefined, coordinatorUrl: string): ContentSource[] {
  const local = dataDir === undefined ? [] : [folderSource(dataDir)];
  return [...local, cacheSource, folderSource(DEBIAN_FOLDER), coordinatorSource(coordinatorUrl)];
}

/**
 * Gets the four files from the first source that has each with the right content. What came from afar is cached.
 * Throws a `DATA` error if no source has a file, or if the only source, a user's folder, has a wrong one.
 */
export async function loadDataset(
  manifest: DatasetManifest,
  sources: readonly ContentSource[],
  context: LoadContext,
): Promise<LoadedDataset> {
  const usable = sources.map((source) => announced(source, manifest, context.report));
  const contents: Partial<Record<DataRole, Uint8Array>> = {};
  for (const role of DATA_ROLES)
    contents[role] = await obtain(manifest, manifest.files[role], usable, context);
  const whole = contents as Record<DataRole, Uint8Array>;
  return { dataset: createDataset(manifest, whole), contents: whole };
}

/** Says once that a source is used for which people have to wait. */
function announced(
  source: ContentSource,
  { name }: DatasetManifest,
  report: LoadContext['report'],
): ContentSource {
  if (!source.isRemote) return source;
  let isAnnounced = false;
  return {
    ...source,
    read(file, context) {
      if (!isAnnounced)
        report({ event: 'notice', code: 'data', message: `getting ${name} from ${source.name}` });
      isAnnounced = true;
      return source.read(file, context);
    },
  };
}

/** One file's content. A source that fails is removed from `sources`, so that the next file does not wait for it. */
async function obtain(
  manifest: DatasetManifest,
  file: DataFile,
  sources: ContentSource[],
  { signal, report }: LoadContext,
): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const source of [...sources]) {
    const onProgress = (progress: DownloadProgress) =>
      report({ event: 'download', file: file.name, source: source.name, ...progress });
    try {
      const bytes = await source.read(file, { signal, onProgress });
      if (bytes === undefined) {
        failures.push(`${source.name}: no ${file.name}`);
        continue;
      }
      const content = await unpackVerified(bytes, file);
      if (source.isRemote) await cache(file, content, report);
      return content;
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonOf(error);
      failures.push(reason.startsWith(source.name) ? reason : `${source.name}: ${reason}`);
      sources.splice(sources.indexOf(source), 1);
      if (sources.length > 0)
        report({ event: 'notice', code: 'data', message: `${reason}; trying elsewhere` });
    }
  }
  throw new LockstepError(
    'DATA',
    `cannot get ${file.name} of ${manifest.name} (${failures.join('; ')}). ` +
      'Put its files into a folder and name it with --data-dir.',
  );
}

const unzip = promisify(gunzip);

/** The content of a file that may be gzipped. Throws a `DATA` error unless it has its digest. */
async function unpackVerified(bytes: Uint8Array, { name, sha256 }: DataFile): Promise<Uint8Array> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const content = isGzip
    ? await unzip(bytes).catch((error: unknown) => {
        throw new LockstepError('DATA', `${name}.gz is damaged: ${reasonOf(error)}`);
      })
    : bytes;
  const digest = createHash('sha256').update(content).digest('hex');
  if (digest !== sha256) {
    throw new LockstepError('DATA', `${name} is damaged: its content has SHA-256 ${digest}, not ${sha256}`);
  }
  return content;
}

/** A machine without room or right for a cache trains all the same. */
async function cache(file: DataFile, content: Uint8Array, report: LoadContext['report']): Promise<void> {
  try {
    await writeCached(file.sha256, content);
  } catch (error) {
    report({ event: 'notice', code: 'data', message: `${file.name} is not cached: ${reasonOf(error)}` });
  }
}
