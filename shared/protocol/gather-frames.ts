import type { Duplex } from 'node:stream';
import { FRAME_BYTES_MAX } from './limits.ts';

/*
 * How pieces of a socket become whole frames.
 *
 *   stream   HH1111111HH22HH333333    H: a header, digits: the payloads of frames 1, 2 and 3
 *   pieces   └─────┘└─────┘└─────┘    as the socket reads them
 *   frames   └───────┘└──┘└──────┘    as `ws` gets them, each in memory of its own
 *
 * The second piece ends inside a header. This byte waits in `beginning`, because the length of
 * frame 3 is not known yet. All other bytes are copied into their frame as soon as they arrive.
 *
 * The problem. A socket reads into new memory, 64 KiB at a time. `ws` keeps these pieces until a
 * frame is whole, and then copies them into new memory again. All of this memory is garbage until
 * V8's next collection, and clearing pages for it took most of a round's time. So the pieces are
 * put together here, and their memory is freed at once.
 */

/** The size of the longest header of a WebSocket frame: RFC 6455 section 5.2. */
const HEADER_BYTES_MAX = 14;

/** RFC 6455 section 5.5. */
const CONTROL_PAYLOAD_BYTES_MAX = 125;

/** A socket that emits whole frames. */
export interface GatheringSocket {
  /** The longest message to take, in bytes of payload. */
  messageBytesMax: number;
  /** Called once, when a longer message begins to arrive. Nothing is emitted from then on. */
  onTooLong: () => void;
  /** Takes bytes as if the socket had read them. */
  take(piece: Buffer): void;
}

/**
 * Makes a socket emit each WebSocket frame in one piece, and frees the memory of what it reads at
 * once. Call this when HTTP has handed the socket over. `isMemoryReused` says that the socket reads
 * all pieces into the same memory, which is not freed.
 */
export function gatherFrames(socket: Duplex, isMemoryReused = false): GatheringSocket {
  const push = socket.push.bind(socket);
  const gatherer = createGatherer(push);
  socket.push = (piece: Buffer | null) => {
    if (!piece) return push(piece);
    const isWanted = gatherer.take(piece);
    if (!isMemoryReused) freeMemory(piece);
    return isWanted;
  };
  socket.once('close', () => gatherer.discard());
  return gatherer;
}

export interface Gatherer extends GatheringSocket {
  /** Takes a piece of the stream, and does not keep it. Returns whether to read on. */
  take(piece: Buffer): boolean;
  /** Frees the memory of a frame that is not whole: the rest of it will not arrive. */
  discard(): void;
}

/** `onFrame` gets each frame whole, and returns whether to read on. */
export function createGatherer(onFrame: (frame: Buffer) => boolean): Gatherer {
  let frame: Buffer | undefined;
  let receivedBytes = 0;
  /** The first bytes of a frame, while its header is not whole. */
  let beginning: Buffer | undefined;
  /** The payload of the message so far: a message may have several frames. */
  let messageBytes = 0;
  let isTooLong = false;

  function begin(header: FrameHeader): void {
    const roomBytes = header.isControl
      ? CONTROL_PAYLOAD_BYTES_MAX
      : gatherer.messageBytesMax - messageBytes;
    if (header.payloadBytes > roomBytes) {
      isTooLong = true;
      gatherer.onTooLong();
      return;
    }
    if (!header.isControl) messageBytes = header.isLast ? 0 : messageBytes + header.payloadBytes;
    frame = Buffer.allocUnsafe(header.payloadStart + header.payloadBytes);
    receivedBytes = 0;
  }

  const gatherer: Gatherer = {
    messageBytesMax: FRAME_BYTES_MAX,
    onTooLong() {},
    discard() {
      if (frame) freeMemory(frame);
      frame = undefined;
    },
    take(piece) {
      let isWanted = true;
      let rest = beginning ? Buffer.concat([beginning, piece]) : piece;
      beginning = undefined;
      while (rest.length > 0 && !isTooLong) {
        if (!frame) {
          const header = readHeader(rest);
          if (header) begin(header);
          else beginning = Buffer.from(rest);
          if (!frame) break;
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
    },
  };
  return gatherer;
}

interface FrameHeader {
  /** Whether the frame is the last one of its message. */
  readonly isLast: boolean;
  /** Whether the frame is a close, ping or pong. It may come in the middle of a message. */
  readonly isControl: boolean;
  readonly isMasked: boolean;
  /** The length of the header. */
  readonly payloadStart: number;
  readonly payloadBytes: number;
}

/** Reads the header of a frame. Returns undefined if it is not whole. RFC 6455 section 5.2. */
function readHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < 2) return undefined;
  const isMasked = (bytes[1] & 0x80) !== 0;
  const shortLength = bytes[1] & 0x7f;
  const lengthBytes = shortLength === 127 ? 8 : shortLength === 126 ? 2 : 0;
  const payloadStart = 2 + lengthBytes + (isMasked ? 4 : 0);
  if (bytes.length < payloadStart) return undefined;
  let payloadBytes = shortLength;
  if (lengthBytes === 2) payloadBytes = bytes.readUInt16BE(2);
  if (lengthBytes === 8) payloadBytes = Number(bytes.readBigUInt64BE(2));
  const isLast = (bytes[0] & 0x80) !== 0;
  const isControl = (bytes[0] & 0x08) !== 0;
  return { isLast, isControl, isMasked, payloadStart, payloadBytes };
}

/**
 * Unmasks a frame word by word, and leaves a key of zeros, so that `ws` does not unmask it again.
 * The loop of `ws` goes byte by byte. RFC 6455 section 5.3.
 */
function unmask(frame: Buffer): void {
  const { isMasked, payloadStart } = readHeader(frame) ?? {};
  if (!isMasked || payloadStart === undefined) return;
  const key = frame.subarray(payloadStart - 4, payloadStart);
  if (key.every((byte) => byte === 0)) return;
  const wordsStart = Math.min(
    payloadStart + (-(frame.byteOffset + payloadStart) & 3),
    frame.length,
  );
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

/** Inverts the bits of `mask` in each word. V8 compiles this only once: it allocates nothing. */
function flipBits(words: Int32Array, mask: number): void {
  for (let i = 0; i < words.length; i++) words[i] ^= mask;
}

/**
 * Frees the memory of bytes that nobody reads anymore, at once instead of at V8's next collection.
 * Does nothing if the memory also holds other things than their frame's header, or if there is
 * none: `ws` has one buffer for all empty messages.
 */
export function freeMemory({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isAlone = byteOffset <= HEADER_BYTES_MAX && byteOffset + byteLength === buffer.byteLength;
  if (isAlone && byteLength > 0 && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
