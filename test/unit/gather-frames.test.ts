import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createGatherer, freeMemory, gatherFrames } from '../../shared/protocol/gather-frames.ts';
import { FRAME_BYTES_MAX } from '../../shared/protocol/limits.ts';
import { createDraws } from '../support/draws.ts';

/** A binary frame, its payload masked if there is a key: RFC 6455 sections 5.2 and 5.3. */
function frame(length: number, key?: readonly number[]): Buffer {
  const mask = key ? 0x80 : 0;
  const header = Buffer.alloc(length < 126 ? 2 : length < 2 ** 16 ? 4 : 10, 0x82);
  header[1] = mask | (length < 126 ? length : length < 2 ** 16 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  const payload = Uint8Array.from({ length }, (_, i) => (i % 251) ^ (key?.[i % 4] ?? 0));
  return Buffer.concat([header, Uint8Array.from(key ?? []), payload]);
}

/** The key of a worker that need not mask. */
const UNMASKED = [0, 0, 0, 0];

/** In memory of its own, as a socket reads it. */
const piece = (bytes: Uint8Array): Buffer => Buffer.from(Uint8Array.from(bytes).buffer);

/** What becomes of a stream that comes in pieces. */
function gathered(pieces: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  const gather = createGatherer((whole) => frames.push(whole) > 0);
  for (const each of pieces) gather(each);
  return frames;
}

describe('a gatherer', () => {
  // Lengths in 7, 16 and 64 bits.
  const frames = [0, 1, 125, 126, 65_535, 65_536, 300_000].flatMap((length) => [
    frame(length),
    frame(length, UNMASKED),
  ]);

  test('gives each frame in one piece, wherever the stream is cut', () => {
    const stream = Buffer.concat(frames);
    const draws = createDraws(1);
    for (const lengthMax of [1, 7, 1000, 65_536, stream.length]) {
      const pieces: Buffer[] = [];
      for (let from = 0; from < stream.length; ) {
        const to = from + draws.integer(1, lengthMax);
        pieces.push(piece(stream.subarray(from, to)));
        from = to;
      }
      expect(gathered(pieces).map((whole) => frames.findIndex((other) => other.equals(whole)))).toEqual(
        frames.map((_, index) => index),
      );
    }
  });

  test('keeps no piece, so that its memory may be used again', () => {
    const bytes = frames[13];
    const memory = Buffer.alloc(300_000);
    const wholes: Buffer[] = [];
    const gather = createGatherer((whole) => wholes.push(whole) > 0);
    for (const [from, to] of [
      [0, 1],
      [1, 9],
      [9, 70_000],
      [70_000, bytes.length],
    ]) {
      const length = bytes.copy(memory, 0, from, to);
      gather(memory.subarray(0, length));
    }
    expect(wholes).toEqual([bytes]);
  });

  test('takes masks off, at any offset', () => {
    const lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 125, 126, 65_535, 65_536, 65_537];
    const key = [0x12, 0x34, 0x56, 0xff];
    for (const length of lengths) {
      // The smaller ones lie somewhere in memory that Node shares out.
      for (let offset = 0; offset < 8; offset++) {
        const frames = gathered([piece(Buffer.concat([frame(offset), frame(length, key)]))]);
        expect(frames.at(-1)?.equals(frame(length, UNMASKED))).toBe(true);
      }
    }
  });

  test('takes no memory for a frame that is longer than allowed, but hands on what comes', () => {
    const header = Buffer.from([0x82, 127, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(gathered([piece(header), piece(Buffer.from('and more'))])).toEqual([
      header,
      Buffer.from('and more'),
    ]);
    const [longest] = gathered([piece(frame(FRAME_BYTES_MAX, UNMASKED))]);
    expect(longest).toHaveLength(FRAME_BYTES_MAX + 14);
  });

  test('says whether to read on as the last frame’s taker does', () => {
    const answers = [true, false];
    const gather = createGatherer(() => answers.shift() === true);
    const two = Buffer.concat([frame(3), frame(8)]);
    expect(gather(piece(two))).toBe(false);
    expect(gather(piece(two.subarray(0, 4)))).toBe(true);
  });
});

describe('memory', () => {
  test('is freed unless it holds more than a frame', () => {
    const shared = new Uint8Array(100);
    freeMemory(shared.subarray(0, 99));
    freeMemory(shared.subarray(15));
    expect(shared).toHaveLength(100);
    freeMemory(shared.subarray(14));
    expect(shared).toHaveLength(0);
  });
});

describe('a socket', () => {
  const bytes = frame(10, UNMASKED);

  test('gives whole frames, and its end, and frees what it read, unless it reads there again', async () => {
    for (const isMemoryReused of [false, true]) {
      const socket = new PassThrough();
      expect(gatherFrames(socket, new Uint8Array(), isMemoryReused)).toBe(true);
      const halves = [piece(bytes.subarray(0, 4)), piece(bytes.subarray(4))];
      const buffers = halves.map(({ buffer }) => buffer as ArrayBuffer);
      for (const half of halves) socket.push(half);
      socket.push(null);
      expect(await socket.toArray()).toEqual([bytes]);
      for (const { detached } of buffers) expect(detached).toBe(!isMemoryReused);
    }
  });

  test('is left alone if a frame has begun before', () => {
    const socket = new PassThrough();
    const { push } = socket;
    expect(gatherFrames(socket, bytes.subarray(0, 3))).toBe(false);
    expect(socket.push).toBe(push);
  });
});
