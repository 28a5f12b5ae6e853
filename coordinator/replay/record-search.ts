import { type FileHandle, open } from 'node:fs/promises';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import { StepRecord } from '../training/ledger.ts';

/*
 * Finds a step in `metrics.jsonl` without reading the whole file. The steps are in order, so a
 * search by halves of the file finds one with some twenty short reads.
 *
 *   0            low        mid                high            size
 *   ├─────────────┼─────┬────┼──┬───────┬────────┼───────────────┤
 *                       │line   │ line after mid │ line
 */

const READ_BYTES = 4096;
const LINE_BYTES_MAX = 2 ** 24;
const NEWLINE = 0x0a;

export interface RecordSearch {
  /** The first and the last record; undefined if there is none. */
  ends(): Promise<readonly [first: StepRecord, last: StepRecord] | undefined>;
  /** The record of a step; undefined if it is not there. */
  find(step: number): Promise<StepRecord | undefined>;
  /** The first record whose line has this text; undefined if none has. */
  findText(text: string): Promise<StepRecord | undefined>;
  close(): Promise<void>;
}

/** Opens a file of steps, which may grow. Throws a `FILE` error if it cannot be read. */
export async function searchRecords(path: string): Promise<RecordSearch> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const why = systemCode(error) === 'ENOENT' ? 'it has no steps yet' : reasonOf(error);
    throw new LockstepError('FILE', `cannot read ${path}: ${why}.`);
  });
  const sizeNow = async () => (await file.stat()).size;

  async function find(step: number): Promise<StepRecord | undefined> {
    let [low, high] = [0, await sizeNow()];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const line = await lineFrom(file, middle);
      const record = line && parseStep(line.text);
      if (line && record?.step === step) return record;
      if (line && record && record.step < step) low = line.end;
      else high = middle;
    }
    return undefined;
  }

  return {
    find,
    async ends() {
      const first = await lineFrom(file, 0);
      const last = await lastLine(file, await sizeNow());
      const a = first && parseStep(first.text);
      const b = last === undefined ? undefined : parseStep(last);
      return a && b && [a, b];
    },
    async findText(text) {
      const at = await findBytes(file, Buffer.from(text));
      const line = at === undefined ? undefined : await lineAround(file, at);
      return line === undefined ? undefined : parseStep(line);
    },
    close: () => file.close(),
  };
}

/** The first whole line that begins at `offset` or later. */
async function lineFrom(
  file: FileHandle,
  offset: number,
): Promise<{ text: string; end: number } | undefined> {
  // The byte before tells whether a line begins here.
  const from = Math.max(0, offset - 1);
  for (let length = READ_BYTES; length <= 2 * LINE_BYTES_MAX; length *= 4) {
    const bytes = await readAt(file, from, length);
    const begin = offset === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    const isBegun = offset === 0 || begin > 0;
    const end = isBegun ? bytes.indexOf(NEWLINE, begin) : -1;
    if (end >= 0) return { text: bytes.toString('utf8', begin, end), end: from + end + 1 };
    if (bytes.length < length) return undefined;
  }
  return undefined;
}

/** The last line that has its end. */
async function lastLine(file: FileHandle, size: number): Promise<string | undefined> {
  for (let length = READ_BYTES; length <= 2 * LINE_BYTES_MAX; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = await readAt(file, from, size - from);
    const end = bytes.lastIndexOf(NEWLINE);
    const begin = end <= 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
    if (end > 0 && (begin >= 0 || from === 0)) return bytes.toString('utf8', begin + 1, end);
    if (from === 0) return undefined;
  }
  return undefined;
}

/** The line that has the byte at `offset`. */
async function lineAround(file: FileHandle, offset: number): Promise<string | undefined> {
  for (let length = READ_BYTES; length <= 2 * LINE_BYTES_MAX; length *= 4) {
    const from = Math.max(0, offset - length);
    const bytes = await readAt(file, from, 2 * length);
    const begin = bytes.lastIndexOf(NEWLINE, offset - from);
    const end = bytes.indexOf(NEWLINE, offset - from);
    if (end >= 0 && (begin >= 0 || from === 0)) return bytes.toString('utf8', begin + 1, end);
  }
  return undefined;
}

const PIECE_BYTES = 2 ** 20;

async function findBytes(file: FileHandle, needle: Buffer): Promise<number | undefined> {
  for (let from = 0; ; from += PIECE_BYTES - needle.length) {
    const bytes = await readAt(file, from, PIECE_BYTES);
    const at = bytes.indexOf(needle);
    if (at >= 0) return from + at;
    if (bytes.length < PIECE_BYTES) return undefined;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

function parseStep(line: string): StepRecord | undefined {
  try {
    return StepRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
