import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError, reasonOf, systemCode } from '../errors.ts';
import { readCached } from './content-cache.ts';
import { type DownloadProgress, download } from './download.ts';
import type { DataFile } from './manifest.ts';

/** Somewhere to get a file of a dataset from. */
export interface ContentSource {
  /** For people. */
  readonly name: string;
  /** Whether getting it from there takes long enough to say so first and to cache what came. */
  readonly isRemote: boolean;
  /** The file, possibly gzipped, not verified; undefined if this source does not have it. Throws if it is broken. */
  read(file: DataFile, context: ReadContext): Promise<Uint8Array | undefined>;
}

export interface ReadContext {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** A folder with the files, packed (`.gz`) or not. */
export function folderSource(directory: string): ContentSource {
  return {
    name: directory,
    isRemote: false,
    async read({ name }) {
      return (await readIfThere(join(directory, name))) ?? (await readIfThere(join(directory, `${name}.gz`)));
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export const cacheSource: ContentSource = {
  name: 'the cache',
  isRemote: false,
  read: ({ sha256 }) => readCached(sha256),
};

/** A web folder with the packed files. A transfer that breaks off is tried once more from the start. */
export function mirrorSource(baseUrl: string): ContentSource {
  const url = ({ name }: DataFile) => `${baseUrl.replace(/\/?$/, '/')}${name}.gz`;
  return {
    name: baseUrl,
    isRemote: true,
    async read(file, { signal, onProgress }) {
      let hasBegun = false;
      const attempt = () =>
        download(url(file), {
          signal,
          onProgress(progress) {
            hasBegun = true;
            onProgress(progress);
          },
        });
      try {
        return await attempt();
      } catch (error) {
        if (!hasBegun || signal.aborted) throw error;
        return await attempt();
      }
    },
  };
}

/** The coordinator that a worker joins; it serves the contents of its run by digest. */
export function coordinatorSource(workerUrl: string): ContentSource {
  return {
    name: 'the coordinator',
    isRemote: true,
    read({ sha256 }, { signal, onProgress }) {
      const url = new URL(`/data/${sha256}`, workerUrl.replace(/^ws/, 'http'));
      return download(url.href, { signal, onProgress });
    },
  };
}

/** Where Debian's package `dataset-fashion-mnist` puts the files. */
export const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const DEBIAN_PACKAGE = 'dataset-fashion-mnist';
const APT_TIMEOUT_MS = 120_000;

/**
 * Debian's package, fetched and unpacked without root and without touching the system: apt gets package lists of
 * its own, so that this works where `apt-get update` was never run.
 */
export function debianPackageSource(): ContentSource {
  let unpacked: Promise<Map<string, Uint8Array>> | undefined;
  return {
    name: `Debian's package ${DEBIAN_PACKAGE}`,
    isRemote: true,
    async read({ name }, { signal }) {
      unpacked ??= fetchDebianPackage(signal);
      return (await unpacked).get(`${name}.gz`);
    },
  };
}

async function fetchDebianPackage(signal: AbortSignal): Promise<Map<string, Uint8Array>> {
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-apt-'));
  try {
    await mkdir(join(directory, 'lists', 'partial'), { recursive: true });
    await mkdir(join(directory, 'cache', 'archives', 'partial'), { recursive: true });
    const settings = [
      `Dir::State::Lists=${join(directory, 'lists')}`,
      `Dir::Cache=${join(directory, 'cache')}`,
      'APT::Sandbox::User=root', // else apt, run by root, warns that its own user cannot reach this folder
    ].flatMap((setting) => ['-o', setting]);
    const run = (command: string, ...args: string[]) =>
      runQuietly(command, args, { cwd: directory, signal, timeout: APT_TIMEOUT_MS });
    await run('apt-get', ...settings, 'update');
    await run('apt-get', ...settings, 'download', DEBIAN_PACKAGE);
    const archive = (await readdir(directory)).find((name) => name.endsWith('.deb')) ?? '';
    await run('dpkg-deb', '-x', join(directory, archive), join(directory, 'root'));
    const folder = join(directory, 'root', DEBIAN_FOLDER);
    const names = await readdir(folder);
    const contents = await Promise.all(names.map((name) => readFile(join(folder, name))));
    return new Map(names.map((name, index) => [name, contents[index]]));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const execute = promisify(execFile);

async function runQuietly(
  command: string,
  args: string[],
  options: { cwd: string; signal: AbortSignal; timeout: number },
): Promise<void> {
  try {
    await execute(command, args, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const detail = stderr.split('\n').at(-1) || reasonOf(error);
    const reason =
      systemCode(error) === 'ENOENT' ? `this machine has no ${command}` : `${command}: ${detail}`;
    throw new LockstepError('DATA', reason, { cause: error });
  }
}
