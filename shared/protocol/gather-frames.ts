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
 * pages for it. So pieces are put together here as they come, and `ws` sees whole frames alone.
 */
export function gatherFrames(socket: Duplex, head: Uint8Array): void {
  // Where a frame has begun in there, everything stays as it is. None has: both ends wait for the handshake.
  if (head.length > 0) return;
  const push = socket.push.bind(socket);
  const gather = createGatherer(push);
  socket.push = (piece: Buffer | null) => (piece ? gather(piece) : push(piece));
}

/** Takes a stream of frames in pieces, which it frees; `onFrame` gets each one whole, and tells whether to read on. */
export function createGatherer(onFrame: (frame: Buffer) => boolean): (piece: Buffer) => boolean {
  let frame: Buffer | undefined;
  let receivedBytes = 0;
  /** The first bytes of a frame that do not tell its length yet. */
  let beginning: Buffer | undefined;
  let isTooLong = false;

  return (piece) => {
    let isWanted = true;
    let rest = beginning ? Buffer.concat([beginning, piece]) : piece;
    beginning = undefined;
    while (rest.length > 0) {
      if (!frame) {
        const length = frameLength(rest);
        isTooLong ||= length !== undefined && length > HEADER_BYTES_MAX + FRAME_BYTES_MAX;
        if (isTooLong) return onFrame(rest); // Refused by `ws`.
        if (length === undefined) {
          beginning = Buffer.from(rest);
          break;
        }
        frame = Buffer.allocUnsafe(length);
        receivedBytes = 0;
      }
      const copied = rest.copy(frame, receivedBytes);
      receivedBytes += copied;
      rest = rest.subarray(copied);
      if (receivedBytes < frame.length) break;
      const whole = frame;
      frame = undefined;
      isWanted = onFrame(whole);
    }
    freeMemory(piece);
    return isWanted;
  };
}

/** Of the frame that begins there, header included; undefined if its header is not whole. RFC 6455 section 5.2. */
function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const shortLength = bytes[1] & 0x7f;
  const lengthBytes = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  if (bytes.length < 2 + lengthBytes) return undefined;
  const maskBytes = bytes[1] & 0x80 ? 4 : 0;
  const payloadBytes =
    lengthBytes === 8
      ? Number(bytes.readBigUInt64BE(2))
      : lengthBytes === 2
        ? bytes.readUInt16BE(2)
        : shortLength;
  return 2 + lengthBytes + maskBytes + payloadBytes;
}

/**
 * Frees the memory of bytes that nobody reads any more, at once and not when V8 collects garbage; unless they share it with
 * more than a frame's header.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength - byteLength <= HEADER_BYTES_MAX) buffer.transfer(0);
}
