import type { Duplex } from 'node:stream';
import { FRAME_BYTES_MAX } from './limits.ts';

/** Longest header of a WebSocket frame: RFC 6455 section 5.2. */
const HEADER_BYTES_MAX = 14;

/**
 * Has a socket that HTTP has just handed over, with what it had read beyond the handshake in `head`, give each WebSocket
 * frame in one piece, and frees what it reads into at once.
 *
 * A socket reads into new memory, 64 KiB at a time; `ws` keeps such pieces until a frame is whole and then copies them to
 * new memory again. All of that is garbage until V8 next collects some, and most of a round's time was spent on clearing
 * pages for it. So pieces are put together here as they come, and `ws` sees whole frames alone. A socket that reads all pieces
 * into the same memory says so. Returns whether it does.
 */
export function gatherFrames(socket: Duplex, head: Uint8Array, isMemoryReused = false): boolean {
  // Where a frame has begun in there, everything stays as it is. None has: both ends wait for the handshake.
  if (head.length > 0) return false;
  const push = socket.push.bind(socket);
  const gather = createGatherer(push);
  socket.push = (piece: Buffer | null) => {
    if (!piece) return push(piece);
    const isWanted = gather(piece);
    if (!isMemoryReused) freeMemory(piece);
    return isWanted;
  };
  return true;
}

/** Takes a stream of frames in pieces, and keeps none; `onFrame` gets each one whole, and tells whether to read on. */
export function createGatherer(onFrame: (frame: Buffer) => boolean): (piece: Buffer) => boolean {
  let frame: Buffer | undefined;
  let receivedBytes = 0;
  /** The first bytes of a frame that are less than a header. */
  let beginning: Buffer | undefined;
  let isTooLong = false;

  return (piece) => {
    let isWanted = true;
    let rest = beginning ? Buffer.concat([beginning, piece]) : piece;
    beginning = undefined;
    while (rest.length > 0) {
      if (!frame) {
        const header = readHeader(rest);
        isTooLong ||= header !== undefined && header.frameBytes > HEADER_BYTES_MAX + FRAME_BYTES_MAX;
        if (isTooLong) return onFrame(Buffer.from(rest)); // Refused by `ws`.
        if (!header) {
          beginning = Buffer.from(rest);
          break;
        }
        frame = Buffer.allocUnsafe(header.frameBytes);
        receivedBytes = 0;
      }
      const copied = rest.copy(frame, receivedBytes);
      receivedBytes += copied;
      rest = rest.subarray(copied);
      if (receivedBytes < frame.length) break;
      const whole = frame;
      frame = undefined;
      unmask(whole);
      isWanted = onFrame(whole);
    }
    return isWanted;
  };
}

/** What a frame's header says; undefined where it is not whole. RFC 6455 section 5.2. */
function readHeader(
  bytes: Buffer,
): { isMasked: boolean; payloadStart: number; frameBytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const isMasked = (bytes[1] & 0x80) !== 0;
  const shortLength = bytes[1] & 0x7f;
  const lengthBytes = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  const payloadStart = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < payloadStart) return undefined;
  let payloadBytes = shortLength;
  if (lengthBytes === 2) payloadBytes = bytes.readUInt16BE(2);
  if (lengthBytes === 8) payloadBytes = Number(bytes.readBigUInt64BE(2));
  return { isMasked, payloadStart, frameBytes: payloadStart + payloadBytes };
}

/**
 * Takes a frame's mask off, a word at a time, and leaves a key of zeros, with which `ws` has nothing to do: its own loop
 * goes byte by byte. RFC 6455 section 5.3.
 */
function unmask(frame: Buffer): void {
  const { isMasked, payloadStart } = readHeader(frame) ?? {};
  if (!isMasked || payloadStart === undefined) return;
  const key = frame.subarray(payloadStart - 4, payloadStart);
  if (key.every((byte) => byte === 0)) return;
  const wordsStart = Math.min(payloadStart + (-(frame.byteOffset + payloadStart) & 3), frame.length);
  const wordCount = (frame.length - wordsStart) >> 2;
  const wordsEnd = wordsStart + 4 * wordCount;
  const keyBytes = Uint8Array.from(key, (_, i) => key[(wordsStart - payloadStart + i) & 3]);
  const [keyWord] = new Int32Array(keyBytes.buffer);
  for (let i = payloadStart; i < wordsStart; i++) frame[i] ^= key[(i - payloadStart) & 3];
  if (wordCount > 0)
    flipBits(new Int32Array(frame.buffer, frame.byteOffset + wordsStart, wordCount), keyWord);
  for (let i = wordsEnd; i < frame.length; i++) frame[i] ^= key[(i - payloadStart) & 3];
  key.fill(0);
}

/** A function of its own, with nothing made anew beside its loop: so V8 compiles it once and for all. */
function flipBits(words: Int32Array, mask: number): void {
  for (let i = 0; i < words.length; i++) words[i] ^= mask;
}

/**
 * Frees the memory of bytes that nobody reads any more, at once and not when V8 collects garbage; unless they share it with
 * more than their frame's header.
 */
export function freeMemory({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isAlone = byteOffset <= HEADER_BYTES_MAX && byteOffset + byteLength === buffer.byteLength;
  if (isAlone && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
