import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LockstepError } from '../errors.ts';

/*
 * Reading files that others wrote.
 *
 * The problem. The whole of a file goes into memory. A device never ends, nor does a named pipe
 * whose writer goes on, and a wrong path may lead to a file of any size. Opening a named pipe waits
 * until somebody writes to it.
 *
 * The rule. A reader says how long the file may be. Data are read from regular files only.
 */

/** The most bytes of a file that people write, such as a model or a description of a dataset. */
export const TEXT_BYTES_MAX = 2 ** 20;

/**
 * Reads a regular file of at most `bytesMax` bytes. Rejects with the system's error, or with a
 * `FILE` error that does not name the file, if it is longer or no regular file.
 */
export async function readRegularFile(path: string, bytesMax: number): Promise<Uint8Array> {
  return (await readStamped(path, bytesMax)).bytes;
}

/** A content with the stamp of its file; see `stampOf`. */
export interface StampedContent {
  readonly bytes: Uint8Array;
  readonly stamp: string | undefined;
}

/** The same as `readRegularFile`, with the stamp that the file had before and after. */
export async function readStamped(path: string, bytesMax: number): Promise<StampedContent> {
  // Without O_NONBLOCK, opening a named pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = await file.stat({ bigint: true });
    assertReadable(before, bytesMax);
    const bytes = await readToEnd(file, Number(before.size), bytesMax);
    const stamp = stampOf(await file.stat({ bigint: true }));
    return { bytes, stamp: stamp === stampOf(before) ? stamp : undefined };
  } finally {
    await file.close();
  }
}

/** After so long, a change of a file has another time than the one before, on any file system. */
const SETTLED_MS = 10_000n;

/**
 * A text that is another one after every change of a file, and for every other file of this
 * machine. The system sets the time of the last change (`ctime`) by itself: nobody can choose it.
 * Undefined if the last change is so recent that another one could have the same time.
 */
function stampOf({ dev, ino, size, mtimeNs, ctimeNs, ctimeMs }: BigIntStats): string | undefined {
  if (ctimeMs > BigInt(Date.now()) - SETTLED_MS) return undefined;
  return [dev, ino, size, mtimeNs, ctimeNs].join('-');
}

/** The same as `readRegularFile`, as text. */
export async function readTextFile(path: string, bytesMax = TEXT_BYTES_MAX): Promise<string> {
  return Buffer.from(await readRegularFile(path, bytesMax)).toString('utf8');
}

/**
 * Reads a short text that a user names, such as a secret. It may come through a pipe. Throws as
 * `readRegularFile` rejects.
 */
export function readShortText(path: string, bytesMax = TEXT_BYTES_MAX): string {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).isDirectory()) throw refusal('it is a folder');
    const bytes = Buffer.alloc(bytesMax + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length <= bytesMax; length += count)
      count = readSync(file, bytes, length, bytes.length - length, null);
    if (length > bytesMax) throw tooLong(bytesMax);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** The size that `stat` tells is a hint: the file may grow, and those of `/proc` have size 0. */
async function readToEnd(file: FileHandle, size: number, bytesMax: number): Promise<Uint8Array> {
  let bytes = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
    length += bytesRead;
    if (length > bytesMax) throw tooLong(bytesMax);
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafeSlow(length)]);
  }
}

function assertReadable(info: BigIntStats, bytesMax: number): void {
  if (!info.isFile()) throw refusal(`it is ${kindOf(info)}, not a regular file`);
  if (info.size > bytesMax) throw tooLong(bytesMax, Number(info.size));
}

function kindOf(info: BigIntStats): string {
  if (info.isDirectory()) return 'a folder';
  if (info.isFIFO()) return 'a named pipe';
  return info.isSocket() ? 'a socket' : 'a device';
}

const refusal = (reason: string): LockstepError => new LockstepError('FILE', reason);

const tooLong = (bytesMax: number, size?: number): LockstepError =>
  refusal(`it has ${size ?? `more than ${bytesMax}`} bytes, but at most ${bytesMax} belong there`);
