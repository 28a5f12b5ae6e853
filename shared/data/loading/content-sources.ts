import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError, reasonOf, systemCode } from '../../errors.ts';
import { readRegularFile, readStamped, type StampedContent } from '../../host/read-file.ts';
import type { DataFile } from '../manifest.ts';
import { readCached } from './content-cache.ts';
import { type DownloadProgress, download } from './download.ts';

/** A place that files of a dataset can be read from. */
export interface ContentSource {
  /** The name for people. */
  readonly name: string;
  /** Whether reading takes long. Then a notice announces the source, and its files are cached. */
  readonly isRemote: boolean;
  /**
   * Reads a file, which may be gzipped, without verifying it. Returns undefined if this source does
   * not have the file. Throws if the source fails.
   */
  read(file: DataFile, context: ReadContext): Promise<Uint8Array | undefined>;
}

export interface ReadContext {
  readonly signal: AbortSignal;
  /** The most bytes that the file can have, gzipped or not. A source fails on more. */
  readonly bytesMax: number;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called with the stamp of the file that is read, if it has one; see `readStamped`. */
  readonly onStamp?: (stamp: string) => void;
}

/** A folder with the files, gzipped (`.gz`) or not. */
export function folderSource(directory: string): ContentSource {
  return {
    name: directory,
    isRemote: false,
    async read({ name }, context) {
      const { bytesMax } = context;
      const content =
        (await readIfThere(join(directory, name), bytesMax)) ??
        (await readIfThere(join(directory, `${name}.gz`), bytesMax));
      return passOnStamp(content, context);
    },
  };
}

function passOnStamp(
  content: StampedContent | undefined,
  { onStamp }: ReadContext,
): Uint8Array | undefined {
  if (content?.stamp !== undefined) onStamp?.(content.stamp);
  return content?.bytes;
}

async function readIfThere(path: string, bytesMax: number): Promise<StampedContent | undefined> {
  try {
    return await readStamped(path, bytesMax);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new LockstepError('DATA', `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

export const cacheSource: ContentSource = {
  name: 'the cache',
  isRemote: false,
  async read({ sha256 }, context) {
    return passOnStamp(await readCached(sha256, context.bytesMax), context);
  },
};

/** A web folder with the gzipped files. A transfer that breaks off is started once more. */
export function mirrorSource(baseUrl: string): ContentSource {
  const url = ({ name }: DataFile) => `${baseUrl.replace(/\/?$/, '/')}${name}.gz`;
  return {
    name: baseUrl,
    isRemote: true,
    async read(file, { signal, bytesMax, onProgress }) {
      let hasBegun = false;
      const attempt = () =>
        download(url(file), {
          signal,
          bytesMax,
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

/** The folder into which Debian's package `dataset-fashion-mnist` installs the files. */
export const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const DEBIAN_PACKAGE = 'dataset-fashion-mnist';
const APT_TIMEOUT_MS = 120_000;
const PACKED_BYTES_MAX = 2 ** 26;

/**
 * Debian's package. It is fetched and unpacked in a temporary folder, without root and without
 * changes to the system. apt gets its own package lists there, so `apt-get update` need not have
 * run before.
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
      // Otherwise apt, if root runs it, warns that its own user cannot access this folder.
      'APT::Sandbox::User=root',
    ].flatMap((setting) => ['-o', setting]);
    const run = (command: string, ...args: string[]) =>
      runQuietly(command, args, { cwd: directory, signal, timeout: APT_TIMEOUT_MS });
    await run('apt-get', ...settings, 'update');
    await run('apt-get', ...settings, 'download', DEBIAN_PACKAGE);
    const archive = (await readdir(directory)).find((name) => name.endsWith('.deb')) ?? '';
    await run('dpkg-deb', '-x', join(directory, archive), join(directory, 'root'));
    const folder = join(directory, 'root', DEBIAN_FOLDER);
    const names = await readdir(folder);
    const contents = await Promise.all(
      names.map((name) => readRegularFile(join(folder, name), PACKED_BYTES_MAX)),
    );
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
