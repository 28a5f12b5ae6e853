import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import {
  createGatherer,
  freeMemory,
  gatherFrames,
} from '../../../../shared/protocol/gather-frames.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

/** A binary frame (RFC 6455 sections 5.2 and 5.3). A key masks the payload. */
function frame(length: number, key?: readonly number[]): Buffer {
  const mask = key ? 0x80 : 0;
  const header = Buffer.alloc(length < 126 ? 2 : length < 2 ** 16 ? 4 : 10, 0x82);
  header[1] = mask | (length < 126 ? length : length < 2 ** 16 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  const payload = Uint8Array.from({ length }, (_, i) => (i % 251) ^ (key?.[i % 4] ?? 0));
  return Buffer.concat([header, Uint8Array.from(key ?? []), payload]);
}

/** The first, a middle and the last frame of a message (RFC 6455 section 5.4). */
const withFirstByte = (byte: number) => (length: number) => {
  const bytes = frame(length);
  bytes[0] = byte;
  return bytes;
};
const beginning = withFirstByte(0x02);
const continuation = withFirstByte(0x00);
const ending = withFirstByte(0x80);

/** The mask key that leaves a payload as it is. */
const UNMASKED = [0, 0, 0, 0];

/** A copy in its own memory, like a piece that a socket reads. */
const piece = (bytes: Uint8Array): Buffer => Buffer.from(Uint8Array.from(bytes).buffer);

/** The frames that a gatherer makes from the pieces of a stream. */
function gathered(pieces: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  const gatherer = createGatherer((whole) => frames.push(whole) > 0);
  for (const each of pieces) gatherer.take(each);
  return frames;
}

describe('a gatherer', () => {
  // Lengths in 7, 16 and 64 bits.
  const frames = [0, 1, 125, 126, 65_535, 65_536, 300_000].flatMap((length) => [
    frame(length),
    frame(length, UNMASKED),
  ]);

  test('delivers each frame in one piece, wherever the stream is cut', () => {
    const stream = Buffer.concat(frames);
    const draws = createDraws(1);
    for (const lengthMax of [1, 7, 1000, 65_536, stream.length]) {
      const pieces: Buffer[] = [];
      for (let from = 0; from < stream.length; ) {
        const to = from + draws.integer(1, lengthMax);
        pieces.push(piece(stream.subarray(from, to)));
        from = to;
      }
      expect(
        gathered(pieces).map((whole) => frames.findIndex((other) => other.equals(whole))),
      ).toEqual(frames.map((_, index) => index));
    }
  });

  test('keeps no reference to the memory of a piece', () => {
    const bytes = frames[13];
    const memory = Buffer.alloc(300_000);
    const wholes: Buffer[] = [];
    const gatherer = createGatherer((whole) => wholes.push(whole) > 0);
    for (const [from, to] of [
      [0, 1],
      [1, 9],
      [9, 70_000],
      [70_000, bytes.length],
    ]) {
      const length = bytes.copy(memory, 0, from, to);
      gatherer.take(memory.subarray(0, length));
    }
    expect(wholes).toEqual([bytes]);
  });

  test('unmasks payloads at any offset in memory', () => {
    const lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 125, 126, 65_535, 65_536, 65_537];
    const key = [0x12, 0x34, 0x56, 0xff];
    for (const length of lengths) {
      // Small frames lie at some offset in memory that Node shares between buffers.
      for (let offset = 0; offset < 8; offset++) {
        const frames = gathered([piece(Buffer.concat([frame(offset), frame(length, key)]))]);
        expect(frames.at(-1)?.equals(frame(length, UNMASKED))).toBe(true);
      }
    }
  });

  test.for([
    ['a frame', [frame(1001)], 0],
    ['a message of several frames', [beginning(600), continuation(300), ending(101)], 2],
    ['a frame of 2^63 bytes', [Buffer.of(0x82, 127, 0x7f, ...Array<number>(7).fill(0xff))], 0],
    ['a ping', [Buffer.of(0x89, 126, 0, 126)], 0],
  ] as const)('says once that %s is too long, and emits nothing more', ([, bytes, emitted]) => {
    const frames: Buffer[] = [];
    let tooLongCount = 0;
    const gatherer = createGatherer((whole) => frames.push(whole) > 0);
    gatherer.messageBytesMax = 1000;
    gatherer.onTooLong = () => {
      tooLongCount++;
    };
    gatherer.take(piece(Buffer.concat([frame(1000), frame(1000)])));
    expect(frames).toHaveLength(2);
    for (const each of bytes) gatherer.take(piece(each));
    gatherer.take(piece(frame(3)));
    expect(frames).toHaveLength(2 + emitted);
    expect(tooLongCount).toBe(1);
  });

  test('takes pings in the middle of a message', () => {
    const ping = Buffer.of(0x89, 0);
    const parts = [beginning(600), ping, ending(400), beginning(600), ping, ending(400)];
    const frames: Buffer[] = [];
    const gatherer = createGatherer((whole) => frames.push(whole) > 0);
    gatherer.messageBytesMax = 1000;
    gatherer.take(piece(Buffer.concat(parts)));
    expect(frames).toEqual(parts);
  });

  test('frees the memory of a frame whose rest does not arrive', () => {
    const gatherer = createGatherer(() => true);
    gatherer.discard();
    const allocate = vi.spyOn(Buffer, 'allocUnsafe');
    gatherer.take(piece(frame(100_000).subarray(0, 50_000)));
    const memory = allocate.mock.results[0].value as Buffer;
    allocate.mockRestore();
    expect(memory).toHaveLength(100_010);
    gatherer.discard();
    expect(memory).toHaveLength(0);
  });

  test('returns the answer of the callback for the last frame', () => {
    const answers = [true, false];
    const gatherer = createGatherer(() => answers.shift() === true);
    const two = Buffer.concat([frame(3), frame(8)]);
    expect(gatherer.take(piece(two))).toBe(false);
    expect(gatherer.take(piece(two.subarray(0, 4)))).toBe(true);
  });
});

describe('memory', () => {
  test('is freed unless it holds more than one frame', () => {
    const shared = new Uint8Array(100);
    freeMemory(shared.subarray(0, 99));
    freeMemory(shared.subarray(15));
    expect(shared).toHaveLength(100);
    freeMemory(shared.subarray(14));
    expect(shared).toHaveLength(0);
    const none = new Uint8Array(0);
    freeMemory(none);
    freeMemory(none);
    expect(none.buffer.detached).toBe(false);
  });
});

describe('a socket', () => {
  const bytes = frame(10, UNMASKED);

  test('delivers whole frames and its end, and frees memory that it does not reuse', async () => {
    for (const isMemoryReused of [false, true]) {
      const socket = new PassThrough();
      gatherFrames(socket, isMemoryReused);
      const halves = [piece(bytes.subarray(0, 4)), piece(bytes.subarray(4))];
      const buffers = halves.map(({ buffer }) => buffer as ArrayBuffer);
      for (const half of halves) socket.push(half);
      socket.push(null);
      expect(await socket.toArray()).toEqual([bytes]);
      for (const { detached } of buffers) expect(detached).toBe(!isMemoryReused);
    }
  });
});
