import { randomBytes } from 'node:crypto';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/host/atomic-file.ts';
import { writeError } from '../run-folder/run-files.ts';

/** The size of one write. */
const WRITE_BYTES = 2 ** 20;

/** A file that is to be written, and its content piece by piece. */
export interface OutputFile {
  readonly path: string;
  readonly pieces: AsyncIterable<Uint8Array | string>;
}

/** A content that is in memory already. */
export async function* onePiece(content: Uint8Array | string) {
  yield content;
}

/** The error for a file that would be replaced. */
export const existsError = (path: string): LockstepError =>
  new LockstepError(
    'FILE',
    `${path} is there already: --force replaces it, or choose another place with --out.`,
  );

/** Throws a `FILE` error if one of these files exists. */
export async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw existsError(path);
  }
}

/** Throws a `FILE` error if there is something else than a folder at a path. */
export async function refuseFile(path: string): Promise<void> {
  const isFile = await stat(path).then(
    (info) => !info.isDirectory(),
    () => false,
  );
  if (isFile) throw new LockstepError('FILE', `--out ${path} is a file: give a folder.`);
}

/**
 * Writes files, one after the other, in little memory. Either all of them are there at the end, or
 * none: they have other names until the last one is written. Replaces files that exist. Throws a
 * `FILE` error if one cannot be written, and what `pieces` throw. Rejects with `signal.reason` when
 * aborted.
 */
export async function writeOutput(
  files: readonly OutputFile[],
  signal: AbortSignal,
): Promise<void> {
  const written: { readonly path: string; now: string }[] = [];
  try {
    for (const { path, pieces } of files) {
      const name = `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`;
      const temporary = join(dirname(path), name);
      written.push({ path, now: temporary });
      await orWriteError(path, () => makeFolder(dirname(path)));
      await writePieces(path, temporary, pieces, signal);
    }
    for (const file of written) {
      await orWriteError(file.path, () => rename(file.now, file.path));
      file.now = file.path;
    }
  } catch (error) {
    for (const { now } of written) await rm(now, { force: true }).catch(() => {});
    throw error;
  }
}

async function writePieces(
  path: string,
  temporary: string,
  pieces: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal,
): Promise<void> {
  const file = await orWriteError(path, () => open(temporary, 'wx'));
  // One buffer for all pieces: millions of small ones would fill the memory before they are freed.
  const waiting = Buffer.alloc(WRITE_BYTES);
  let length = 0;
  const write = (bytes: Uint8Array) => orWriteError(path, () => file.appendFile(bytes));
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      if (length + bytes.length > WRITE_BYTES) {
        await write(waiting.subarray(0, length));
        length = 0;
      }
      if (bytes.length > WRITE_BYTES) await write(bytes);
      else {
        waiting.set(bytes, length);
        length += bytes.length;
      }
    }
    await write(waiting.subarray(0, length));
    await orWriteError(path, () => file.sync());
  } finally {
    await file.close();
  }
}

/** Makes an error of the system a `FILE` error that names the file. */
async function orWriteError<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw writeError(path, error);
  }
}
