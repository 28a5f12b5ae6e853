import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';

const NEWLINE = 0x0a;
const LINE_BYTES_MAX = 2 ** 24;

/** The lines of a file that may not be there yet, and may grow. */
export interface LineTail {
  /**
   * The next whole lines: those of a piece of the file. Empty at its end, for now: a line without
   * its end is not there yet. Throws a `FILE` error if the file cannot be read.
   */
  next(): Promise<string[]>;
  /** The bytes that are read, and those that the file had when it was last looked at. */
  readonly progress: { readonly read: number; readonly size: number };
  /** When the file was made, in ms since 1970; 0 before it is read. */
  readonly bornAt: number;
  /** Whether another file is in the place of the one that was read, or it was cut. */
  isReplaced(): Promise<boolean>;
  close(): Promise<void>;
}

export interface LineTailOptions {
  /** How much is read at once. */
  readonly pieceBytes: number;
  /** What lies behind this many bytes is not read. */
  readonly bytesMax?: number;
}

export function openLineTail(
  path: string,
  { pieceBytes, bytesMax = Number.POSITIVE_INFINITY }: LineTailOptions,
): LineTail {
  const piece = Buffer.allocUnsafe(pieceBytes);
  let file: FileHandle | undefined;
  let read = 0;
  let size = 0;
  let bornAt = 0;
  let rest = Buffer.alloc(0);

  async function nextPiece(): Promise<Buffer> {
    file ??= await openIfThere(path);
    if (!file) return piece.subarray(0, 0);
    const info = await file.stat();
    size = Math.min(info.size, bytesMax);
    bornAt = Math.min(info.birthtimeMs || info.mtimeMs, info.mtimeMs);
    const length = Math.min(pieceBytes, bytesMax - read);
    const { bytesRead } = await file.read(piece, 0, length, read);
    read += bytesRead;
    return piece.subarray(0, bytesRead);
  }

  return {
    async next() {
      for (;;) {
        const bytes = await nextPiece().catch((error: unknown) => {
          throw error instanceof LockstepError
            ? error
            : new LockstepError('FILE', `cannot read ${path}: ${reasonOf(error)}.`);
        });
        if (bytes.length === 0) return [];
        const all = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
        const end = all.lastIndexOf(NEWLINE);
        rest = Buffer.from(all.subarray(end + 1));
        if (rest.length > LINE_BYTES_MAX) {
          const what = `a line has more than ${LINE_BYTES_MAX} bytes`;
          throw new LockstepError('FILE', `${path} is not a file of records: ${what}.`);
        }
        if (end >= 0) return all.toString('utf8', 0, end).split('\n');
      }
    },
    get progress() {
      return { read, size: Math.max(read, size) };
    },
    get bornAt() {
      return bornAt;
    },
    async isReplaced() {
      if (!file) return false;
      const [mine, now] = [await file.stat(), await stat(path).catch(() => undefined)];
      return now === undefined || now.ino !== mine.ino || now.size < read;
    },
    async close() {
      await file?.close();
      file = undefined;
    },
  };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  // Without O_NONBLOCK, opening a named pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    },
  );
  if (file && !(await file.stat()).isFile()) {
    await file.close();
    throw new LockstepError('FILE', `${path} is no regular file.`);
  }
  return file;
}
