import { Packr } from 'msgpackr/pack';
import { CHUNK_BYTES_MAX } from '../../../shared/protocol/limits.ts';
import type { Draws } from '../../support/simulation/draws.ts';
import { OPCODE, webSocketFrame } from './websocket-bytes.ts';

/*
 * Mutations of valid frames: of their bytes, of the message in their header, of the WebSocket frame
 * around them. A mutated frame may still be valid.
 */

const packr = new Packr({ useRecords: false, variableMapSize: true });

type Mutation = (frame: Buffer, draws: Draws, others: readonly Buffer[]) => Buffer;

const HUGE = [
  -1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  1e308,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  2n ** 63n,
];
const ODD = [
  null,
  true,
  '',
  '\u001b[2J\r\n',
  'x'.repeat(2000),
  [],
  {},
  [[[[]]]],
  Buffer.from('bytes'),
  new Date(0),
  { type: 'hello' },
  Array.from({ length: 300 }, (_, i) => i),
];

const anyBytes = (draws: Draws, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => draws.integer(0, 255)));

function flipBits(frame: Buffer, draws: Draws): Buffer {
  const flipped = Buffer.from(frame);
  // Most bits of a frame with a payload are not in the header, which matters most.
  const end = Math.min(flipped.length, draws.chance(0.7) ? 96 : flipped.length);
  for (let i = draws.integer(1, 8); i > 0 && end > 0; i--)
    flipped[draws.integer(0, end - 1)] ^= 1 << draws.integer(0, 7);
  return flipped;
}

const truncate: Mutation = (frame, draws) =>
  frame.subarray(0, draws.integer(0, Math.max(0, frame.length - 1)));

const splice: Mutation = (frame, draws, others) => {
  const other = draws.pick(others);
  return Buffer.concat([
    frame.subarray(0, draws.integer(0, frame.length)),
    other.subarray(draws.integer(0, other.length)),
  ]);
};

const insert: Mutation = (frame, draws) => {
  const at = draws.integer(0, frame.length);
  const piece = anyBytes(draws, draws.integer(1, 16));
  return Buffer.concat([frame.subarray(0, at), piece, frame.subarray(at)]);
};

/** Another length of the header than the true one. */
const announceHeader: Mutation = (frame, draws) => {
  const altered = Buffer.from(frame);
  altered.writeUInt32LE(draws.pick([0, 1, 7, 200, 65_536, 65_537, 2 ** 31, 2 ** 32 - 1]), 0);
  return altered;
};

function withMessage(frame: Buffer, alter: (message: Record<string, unknown>) => unknown): Buffer {
  const length = frame.readUInt32LE(0);
  const message = packr.unpack(frame.subarray(4, 4 + length)) as Record<string, unknown>;
  return withHeader(packr.pack(alter(message)), frame.subarray(Math.ceil((4 + length) / 8) * 8));
}

function withHeader(header: Uint8Array, payload: Uint8Array): Buffer {
  const start = Math.ceil((4 + header.length) / 8) * 8;
  const frame = Buffer.alloc(start + payload.length);
  frame.writeUInt32LE(header.length, 0);
  frame.set(header, 4);
  frame.set(payload, start);
  return frame;
}

const alterValue =
  (values: readonly unknown[]): Mutation =>
  (frame, draws) =>
    withMessage(frame, (message) => ({
      ...message,
      [draws.pick(Object.keys(message))]: draws.pick(values),
    }));

const alterKeys: Mutation = (frame, draws) =>
  withMessage(frame, (message) => {
    const altered = { ...message };
    const key = draws.pick(['__proto__', 'constructor', 'toString', 'x', '', 'x'.repeat(300)]);
    if (draws.chance(0.5)) delete altered[draws.pick(Object.keys(altered))];
    else Object.defineProperty(altered, key, { value: 1, enumerable: true });
    return altered;
  });

const otherHeader: Mutation = (frame, draws) => {
  const header = draws.pick([
    Buffer.of(),
    Buffer.of(0x80),
    Buffer.of(0xc1),
    Buffer.alloc(draws.integer(1, 60_000), 0x91), // an array in an array in an array …
    Buffer.alloc(draws.integer(1, 60_000), 0x81),
    Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff), // an array of 4 billion
    Buffer.of(0xdf, 0xff, 0xff, 0xff, 0xff),
    Buffer.of(0xdb, 0xff, 0xff, 0xff, 0xff),
    Buffer.of(0xc9, 0xff, 0xff, 0xff, 0xff, 0x00),
    Buffer.of(0xd4, 0x72, 0x40),
    packr.pack(draws.pick(ODD)),
    anyBytes(draws, draws.integer(1, 200)),
  ]);
  return withHeader(header, frame.subarray(frame.length, frame.length));
};

const otherPayload: Mutation = (frame, draws) => {
  const start = Math.ceil((4 + frame.readUInt32LE(0)) / 8) * 8;
  const length = draws.chance(0.02)
    ? draws.pick([CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 2])
    : draws.pick([0, 1, 2, 3, 8, 4094, 16_384, 16_386]);
  return Buffer.concat([frame.subarray(0, start), Buffer.alloc(length, draws.integer(0, 255))]);
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  truncate,
  splice,
  insert,
  announceHeader,
  alterValue(HUGE),
  alterValue(ODD),
  alterKeys,
  otherHeader,
  otherPayload,
];

/** A mutation of one of the frames, once or several times. */
export function mutate(frames: readonly Buffer[], draws: Draws): Buffer {
  let frame = draws.pick(frames);
  for (let i = draws.chance(0.2) ? 3 : 1; i > 0; i--) {
    // After some mutations, the frame has no header that others can alter.
    try {
      frame = draws.pick(MUTATIONS)(frame, draws, frames);
    } catch {
      frame = flipBits(frame, draws);
    }
  }
  return frame;
}

/** The WebSocket bytes of a frame: mostly as they should be. */
export function wrap(frame: Buffer, draws: Draws): Buffer {
  if (draws.chance(0.85)) return webSocketFrame(frame);
  switch (draws.integer(0, 7)) {
    case 0:
      return webSocketFrame(Buffer.of(), { opcode: draws.pick([OPCODE.text, OPCODE.binary]) });
    case 1:
      return webSocketFrame(frame, { opcode: OPCODE.text });
    case 2:
      return webSocketFrame(frame, { opcode: draws.integer(3, 15) });
    case 3:
      return webSocketFrame(frame, { reserved: draws.integer(1, 7) });
    case 4:
      return webSocketFrame(frame, { isMasked: false });
    case 5:
      return webSocketFrame(frame, { opcode: OPCODE.continuation });
    case 6: {
      const middle = draws.integer(0, frame.length);
      return Buffer.concat([
        webSocketFrame(frame.subarray(0, middle), { isLast: false }),
        webSocketFrame(Buffer.of(), { opcode: OPCODE.ping }),
        webSocketFrame(frame.subarray(middle), { opcode: OPCODE.continuation }),
      ]);
    }
    default:
      return webSocketFrame(frame, {
        announced: draws.pick([0, frame.length + 1, 65_535, 65_536, 2 ** 31, 2 ** 53]),
      });
  }
}
