import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, reasonOf, systemCode } from '../../errors.ts';
import { readTextFile } from '../../host/read-file.ts';
import { isVerified, noteVerified } from '../../host/verified-files.ts';
import { shellWord } from '../../printable.ts';
import { describeIssue } from '../../validation.ts';
import { createDataset, type Dataset } from '../dataset.ts';
import {
  assertManifestFits,
  DATA_ROLES,
  type DataFile,
  type DataRole,
  DatasetManifest,
  FASHION_MNIST,
  MANIFEST_FILE_BYTES_MAX,
} from '../manifest.ts';
import { writeCached } from './content-cache.ts';
import {
  type ContentSource,
  cacheSource,
  DEBIAN_FOLDER,
  debianPackageSource,
  folderSource,
  mirrorSource,
} from './content-sources.ts';
import { findIdxFiles, identifyFolder } from './describe-folder.ts';
import type { DownloadProgress } from './download.ts';
import { packedBytesMax, unpackVerified } from './unpack.ts';

/**
 * The file with which a folder describes its dataset: a {@link DatasetManifest}. A folder without
 * this file holds a dataset that is known by its digests.
 */
export const MANIFEST_FILE = 'dataset.json';

/** Overrides the mirrors: addresses of web folders, separated by commas. Empty: no mirrors. */
export const MIRRORS_VARIABLE = 'LOCKSTEP_MIRRORS';

const OFFICIAL_MIRRORS = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
];

/** An event while a dataset is loaded, for people and scripts. */
export type DataEvent =
  | ({ event: 'download'; file: string; source: string } & DownloadProgress)
  | { event: 'notice'; code: 'data'; message: string };

export interface LoadContext {
  readonly signal: AbortSignal;
  readonly report: (event: DataEvent) => void;
}

/** A dataset with the unpacked contents of its files. */
export interface LoadedDataset {
  readonly dataset: Dataset;
  readonly contents: Readonly<Record<DataRole, Uint8Array>>;
}

/**
 * Reads the manifest of a data folder. If it has none, its files tell which known dataset it is.
 * Without a folder, the dataset is Fashion-MNIST. Throws a `DATA` error.
 */
export async function readManifest(dataDir: string | undefined): Promise<DatasetManifest> {
  if (dataDir === undefined) return FASHION_MNIST;
  const info = await stat(dataDir).catch(() => undefined);
  if (!info?.isDirectory())
    throw new LockstepError('DATA', `--data-dir ${dataDir} is not a folder.`);
  const path = join(dataDir, MANIFEST_FILE);
  const text = await readTextFile(path, MANIFEST_FILE_BYTES_MAX).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new LockstepError('DATA', `cannot read ${path}: ${reasonOf(error)}.`);
  });
  if (text === undefined) {
    const names = await findIdxFiles(dataDir);
    return names ? identifyFolder(dataDir, names) : FASHION_MNIST;
  }
  const manifest = parseJson(text, path);
  const result = DatasetManifest.safeParse(manifest);
  if (result.success) {
    assertManifestFits(result.data);
    return result.data;
  }
  throw new LockstepError(
    'DATA',
    `${path}: ${describeIssue(result.error, manifest)}. ` +
      `"lockstep data describe ${shellWord(dataDir)} --force" writes it anew.`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LockstepError('DATA', `${path} is not JSON: ${reasonOf(error)}.`);
  }
}

/**
 * The sources that a coordinator tries, in order: only `dataDir` if that is given. Otherwise
 * `rememberedDir`, where a run had its data before, and the cache. Fashion-MNIST is also in
 * Debian's folder, on the mirrors, and in Debian's archive.
 */
export function coordinatorSources(
  dataDir: string | undefined,
  manifest: DatasetManifest = FASHION_MNIST,
  rememberedDir?: string,
): ContentSource[] {
  if (dataDir !== undefined) return [folderSource(dataDir)];
  const remembered = rememberedDir === undefined ? [] : [folderSource(rememberedDir)];
  if (manifest.files.trainImages.sha256 !== FASHION_MNIST.files.trainImages.sha256)
    return [...remembered, cacheSource];
  const configured = process.env[MIRRORS_VARIABLE];
  const mirrors =
    configured === undefined ? OFFICIAL_MIRRORS : configured.split(',').filter((url) => url !== '');
  return [
    ...remembered,
    cacheSource,
    folderSource(DEBIAN_FOLDER),
    ...mirrors.map(mirrorSource),
    debianPackageSource(),
  ];
}

/** The sources that a worker tries, in order: its cache, its disk, and then the coordinator. */
export function workerSources(
  dataDir: string | undefined,
  coordinator: ContentSource,
): ContentSource[] {
  const local = dataDir === undefined ? [] : [folderSource(dataDir)];
  return [cacheSource, ...local, folderSource(DEBIAN_FOLDER), coordinator];
}

/**
 * Gets each of the four files from the first source that has it with the right content. Files that
 * were fetched or unpacked are cached. Throws a `DATA` error if no source has a file with the right
 * content.
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

/** Wraps a remote source: its first use is announced, because people have to wait for it. */
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

/**
 * Gets the content of one file. A source that fails is removed from `sources`, so that the next
 * file does not wait for it.
 */
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
      const bytesMax = packedBytesMax(file.bytes);
      let stamp: string | undefined;
      const onStamp = (its: string) => {
        stamp = its;
      };
      const bytes = await source.read(file, { signal, bytesMax, onProgress, onStamp });
      if (bytes === undefined) {
        failures.push(`${source.name}: no ${file.name}`);
        continue;
      }
      const isKnown = stamp !== undefined && isVerified(stamp, file.sha256);
      const content = await unpackVerified(bytes, file, isKnown);
      if (stamp !== undefined && content === bytes) noteVerified(stamp, file.sha256);
      if (source.isRemote) await cache(file, content, report);
      // The next worker would unpack it again, which takes half of its start.
      else if (content !== bytes) await cache(file, content, () => {});
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
      'Put the files of this dataset into a folder and pass the folder with --data-dir.',
  );
}

/** Caches a file. Reports a notice, and does not fail, if there is no room or no permission. */
async function cache(
  file: DataFile,
  content: Uint8Array,
  report: LoadContext['report'],
): Promise<void> {
  try {
    await writeCached(file.sha256, content);
  } catch (error) {
    report({
      event: 'notice',
      code: 'data',
      message: `${file.name} is not cached: ${reasonOf(error)}`,
    });
  }
}
