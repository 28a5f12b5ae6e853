import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type * as z from 'zod';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import { describeIssue } from '../../shared/validation.ts';

/*
 * Files with a record per line, as JSON. They are read by pieces, because they may be longer than
 * the longest string.
 */

const PIECE_BYTES = 2 ** 20;
const LINE_BYTES_MAX = 2 ** 24;
const NEWLINE = 0x0a;

/** A line of a file. Only the last one may lack its end, because a crash has cut it short. */
interface Line {
  readonly text: string;
  readonly isWhole: boolean;
}

/**
 * The lines of a file, none if it does not exist. Throws a `FILE` error if the file cannot be read,
 * or a line is longer than any record.
 */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  try {
    yield* linesOfFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error instanceof LockstepError
      ? error
      : new LockstepError('FILE', `cannot read ${path}: ${reasonOf(error)}.`);
  }
}

async function* linesOfFile(path: string): AsyncGenerator<Line> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = await file.stat();
    if (!info.isFile() && !info.isDirectory())
      throw new LockstepError('FILE', `${path} is no regular file.`);
    const piece = Buffer.alloc(PIECE_BYTES);
    let rest = Buffer.alloc(0);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        yield { text: bytes.toString('utf8', start, end), isWhole: true };
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > LINE_BYTES_MAX) {
        throw new LockstepError(
          'FILE',
          `${path} is not a file of records: a line has more than ${LINE_BYTES_MAX} bytes.`,
        );
      }
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), isWhole: false };
  } finally {
    await file.close();
  }
}

/**
 * All records in a file, except a last one that a crash cut short; none if the file does not
 * exist. Throws a `VERIFY` error that names the line if a line is no record, and a `FILE` error if
 * the file cannot be read.
 */
export async function readRecords<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
  const records: T[] = [];
  for await (const record of recordsOf(path, schema)) records.push(record);
  return records;
}

/** The same, one at a time: for files that are longer than the memory. */
export async function* recordsOf<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  let line = 0;
  for await (const { text, isWhole } of linesOf(path))
    if (isWhole) yield parseRecord(text, schema, `${path}, line ${++line}`);
}

function parseRecord<T>(line: string, schema: z.ZodType<T>, place: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new LockstepError('VERIFY', `${place}: ${reasonOf(error)}.`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LockstepError(
    'VERIFY',
    `${place} is not such a record: ${describeIssue(result.error, value)}.`,
  );
}

/** The number under a key of a line's record; NaN if the line is no whole record. */
export function numberIn(line: string, key: string): number {
  try {
    const value: unknown = JSON.parse(line)[key];
    return typeof value === 'number' ? value : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** Chooses lines of a file. */
export type LineTest = (line: string) => boolean;

/** The number of lines of a file that are not kept. Throws a `FILE` error. */
export async function countOthers(path: string, isKept: LineTest): Promise<number> {
  let count = 0;
  for await (const { text } of linesOf(path)) if (!isKept(text)) count++;
  return count;
}

/**
 * Copies the lines of a file that are chosen into another file, which then holds nothing else, and
 * syncs it. Rejects with the system's error.
 */
export async function copyLines(from: string, to: string, isChosen: LineTest): Promise<void> {
  const file = await open(to, 'w');
  try {
    let pending = '';
    for await (const { text } of linesOf(from)) {
      if (!isChosen(text)) continue;
      pending += `${text}\n`;
      if (pending.length < PIECE_BYTES) continue;
      await file.writeFile(pending);
      pending = '';
    }
    await file.writeFile(pending);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The number of records that wait for room on the disk. Further ones are lost. */
const WAITING_MAX = 10_000;

/** Adds records to a file, each as a whole or not at all. */
export interface RecordWriter {
  /**
   * Adds a record, after those that could not be written before. Throws the system's error if that
   * fails; the record then waits for the next call.
   */
  append(record: object): void;
  /** Makes sure that all records survive a power cut. */
  sync(): Promise<void>;
  /** The length of the file when it was opened. */
  readonly bytesBefore: number;
  close(): void;
}

/**
 * Opens a file of records, or makes it. Throws the system's error. `write` writes bytes at the end
 * of a file, perhaps not all of them, and returns their number. While the disk takes none, so many
 * records wait as `waitingMax` says.
 */
export function openRecordWriter(
  path: string,
  write: (file: number, bytes: Uint8Array) => number = writeSync,
  waitingMax = WAITING_MAX,
): RecordWriter {
  const file = openSync(path, 'a+');
  let length = fstatSync(file).size;
  const last = Buffer.alloc(1);
  // A crash may have cut off only the end of the last line.
  if (length > 0 && readSync(file, last, 0, 1, length - 1) === 1 && last[0] !== NEWLINE)
    length += writeSync(file, '\n');
  const waiting: string[] = [];
  return {
    bytesBefore: length,
    append(record) {
      if (waiting.length < waitingMax) waiting.push(`${JSON.stringify(record)}\n`);
      const bytes = Buffer.from(waiting.join(''));
      try {
        // A full disk may take only a part, without an error.
        for (let done = 0; done < bytes.length; ) done += write(file, bytes.subarray(done));
      } catch (error) {
        ftruncateSync(file, length);
        throw error;
      }
      length += bytes.length;
      waiting.length = 0;
    },
    sync: () => promisify(fdatasync)(file),
    close: () => closeSync(file),
  };
}
