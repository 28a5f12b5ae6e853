import assert from 'node:assert';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../../../shared/bytes.ts';
import { ProtocolError } from '../../../../shared/errors.ts';
import { chunksOf, isWhole, placeChunk } from '../../../../shared/protocol/chunks.ts';
import {
  decodeCoordinatorFrame,
  decodeWorkerFrame,
  encodeFrame,
  type Frame,
} from '../../../../shared/protocol/codec.ts';
import {
  CHUNK_BYTES_MAX,
  FRAME_BYTES_MAX,
  NETWORK_CHUNK_BYTES,
} from '../../../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../../shared/protocol/messages.ts';
import { challengeFor } from '../../../../shared/round/challenge-for.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const values = bytesOf(Float32Array.of(0, 1, -2.5));
const config = toyConfig(createToyDataset());

const WORKER_MESSAGES: [WorkerMessage, Uint8Array?][] = [
  [
    {
      type: 'hello',
      protocolVersion: 1,
      name: 'ada',
      pid: 7,
      numerics: ['strict'],
      threads: 4,
      token: 'secret',
    },
  ],
  [{ type: 'ready', parameterCount: 235_146 }, values],
  [{ type: 'partial-sum', kind: 'train', step: 12, lo: 4, hi: 8, offset: 0 }, values],
  [{ type: 'pong', sentAt: 1234.5, now: 17 }],
  [{ type: 'leaving' }],
  [{ type: 'error', code: 'PROTOCOL', message: 'no' }],
];
const COORDINATOR_MESSAGES: [CoordinatorMessage, Uint8Array?][] = [
  [{ type: 'welcome', identity: 'abc', rank: 3, config, challenge: challengeFor(config) }],
  [{ type: 'parameters', step: 12, offset: 0 }, values],
  [{ type: 'share', kind: 'test', step: 430, lo: 0, hi: 40 }],
  [{ type: 'accepted' }],
  [{ type: 'ping', sentAt: 0.25 }],
  [{ type: 'goodbye', reason: 'finished' }],
  [{ type: 'error', code: 'REFUSED', message: 'wrong version' }],
];
/** The messages with their type first, for the test titles. */
const named = <Message extends { type: string }>(messages: [Message, Uint8Array?][]) =>
  messages.map(([message, payload]) => [message.type, message, payload] as const);

const decodeEither = (frame: Uint8Array): Frame<unknown>[] =>
  [decodeWorkerFrame, decodeCoordinatorFrame].flatMap((decode) => {
    try {
      return [decode(frame) as Frame<unknown>];
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [];
    }
  });

describe('a frame', () => {
  test.for(named(WORKER_MESSAGES))(
    'from a worker is encoded and decoded without a change: %s',
    ([, message, payload]) => {
      const decoded = decodeWorkerFrame(encodeFrame(message, payload));
      expect(decoded.message).toEqual(message);
      expect(decoded.payload).toEqual(payload ?? new Uint8Array(0));
    },
  );

  test.for(named(COORDINATOR_MESSAGES))(
    'from the coordinator is encoded and decoded without a change: %s',
    ([, message, payload]) => {
      const decoded = decodeCoordinatorFrame(encodeFrame(message, payload));
      expect(decoded.message).toEqual(message);
      expect(decoded.payload).toEqual(payload ?? new Uint8Array(0));
    },
  );

  test('has the bytes that the protocol document shows', () => {
    const frame = encodeFrame({ type: 'parameters', step: 12, offset: 0 }, values);
    expect(Buffer.from(frame).toString('hex')).toBe(
      [
        '1f000000', // header length: 31
        '83', // a map of 3
        `a474797065${'aa'}${Buffer.from('parameters').toString('hex')}`, // "type": "parameters"
        `a473746570${'0c'}`, // "step": 12
        `a66f6666736574${'00'}`, // "offset": 0
        '0000000000', // padding to a multiple of 8
        '000000000000803f000020c0', // 0, 1, -2.5
      ].join(''),
    );
  });

  test('has a payload that is aligned to 8 bytes', () => {
    for (const [message, payload] of [...WORKER_MESSAGES, ...COORDINATOR_MESSAGES]) {
      const frame = encodeFrame(message, payload);
      expect((frame.length - (payload?.length ?? 0)) % 8).toBe(0);
    }
  });

  test.for([...named(WORKER_MESSAGES), ...named(COORDINATOR_MESSAGES)])(
    'that is cut off is a protocol error or a shorter chunk: %s',
    ([, message, payload]) => {
      const frame = encodeFrame(message, payload);
      const payloadStart = frame.length - (payload?.length ?? 0);
      for (let length = 0; length < frame.length; length++) {
        const decoded = decodeEither(frame.subarray(0, length));
        const payloadLength = length - payloadStart;
        const isChunk = payloadLength > 0 && payloadLength % 2 === 0;
        expect(decoded.length > 0, `${length} of ${frame.length} bytes`).toBe(isChunk);
      }
    },
  );

  test.for([...named(WORKER_MESSAGES), ...named(COORDINATOR_MESSAGES)])(
    'with any changed byte decodes or is a protocol error: %s',
    ([, message, payload]) => {
      const frame = encodeFrame(message, payload);
      // Flips every bit of a long frame. Tries every other value of each byte of a short frame.
      const changes =
        frame.length > 200
          ? [1, 2, 4, 8, 16, 32, 64, 128]
          : Array.from({ length: 255 }, (_, i) => i + 1);
      let rejected = 0;
      for (let i = 0; i < frame.length; i++) {
        for (const change of changes) {
          frame[i] ^= change;
          if (decodeEither(frame).length === 0) rejected++;
          frame[i] ^= change;
        }
      }
      expect(rejected).toBeGreaterThan(frame.length);
    },
  );

  test.for([
    ['without bytes', new Uint8Array(0), 'too short'],
    [
      'with a header longer than the frame',
      Uint8Array.of(9, 0, 0, 0, 1),
      'header of 9 bytes announced',
    ],
    [
      'with a huge header',
      Uint8Array.of(255, 255, 255, 255, 1, 2, 3, 4),
      'header of 4294967295 bytes',
    ],
    ['without MessagePack', Uint8Array.of(1, 0, 0, 0, 0x92, 0, 0, 0), 'not MessagePack'],
  ] as const)('%s is rejected with the reason', ([, frame, message]) => {
    expect(() => decodeWorkerFrame(frame)).toThrow(message);
  });

  test.for([
    ['an unknown type', { type: 'weights' }, undefined, /malformed message: type/],
    [
      'a message that only the coordinator sends',
      { type: 'ping', sentAt: 1 },
      undefined,
      /malformed message: type/,
    ],
    ['a negative number', { type: 'ready', parameterCount: -1 }, values, /parameterCount: must be/],
    ['an unknown key', { type: 'leaving', now: true }, undefined, /the field "now" is unknown/],
    [
      'a name that is too long',
      { type: 'hello', protocolVersion: 1, name: 'x'.repeat(65) },
      undefined,
      /name: must have at most/,
    ],
  ] as const)('with %s is rejected with the reason', ([, message, payload, reason]) => {
    expect(() => decodeWorkerFrame(encodeFrame(message as WorkerMessage, payload))).toThrow(reason);
  });

  test('with an extra, missing, odd or oversized payload is rejected', () => {
    const leaving = encodeFrame({ type: 'leaving' });
    expect(() => decodeWorkerFrame(Buffer.concat([leaving, Buffer.alloc(4)]))).toThrow(
      'leaving message with a payload of 4',
    );
    const sum = encodeFrame(
      { type: 'partial-sum', kind: 'train', step: 0, lo: 0, hi: 1, offset: 0 },
      values,
    );
    expect(() => decodeWorkerFrame(sum.subarray(0, -12))).toThrow('payload of 0 bytes');
    expect(() => decodeWorkerFrame(sum.subarray(0, -1))).toThrow('payload of 11 bytes');
    expect(() => decodeWorkerFrame(Buffer.concat([sum, Buffer.alloc(CHUNK_BYTES_MAX)]))).toThrow(
      'payload of',
    );
  });

  test('from a later version still decodes as a hello', () => {
    const hello = {
      type: 'hello',
      protocolVersion: 2,
      name: 'new',
      gpu: 'yes',
    } as unknown as WorkerMessage;
    expect(decodeWorkerFrame(encodeFrame(hello)).message).toMatchObject({
      protocolVersion: 2,
      name: 'new',
    });
  });
});

describe('a vector in chunks', () => {
  const vector = Float32Array.from({ length: 150_001 }, (_, i) => i);

  test('arrives unchanged in frames within the size limit', () => {
    const target = new Float32Array(vector.length);
    const incoming = { vector: target, bfloat16Length: 0, received: 0 };
    for (const { offset, chunk } of chunksOf(bytesOf(vector), NETWORK_CHUNK_BYTES)) {
      const frame = encodeFrame({ type: 'parameters', step: 1, offset }, chunk);
      expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
      const { payload } = decodeCoordinatorFrame(frame);
      const length = placeChunk(incoming, offset, payload, () =>
        assert.fail('no value is bfloat16'),
      );
      expect(target.subarray(0, length)).toEqual(vector.subarray(0, length));
    }
    expect(isWhole(incoming)).toBe(true);
    expect(target).toEqual(vector);
  });

  test.for([
    ['repeated', 32, 16, 16],
    ['missing', 16, 32, 16],
    ['too long', 32, 32, 48],
  ] as const)('causes a protocol error if a chunk is %s', ([, received, offset, length]) => {
    const chunk = new Uint8Array(length);
    const incoming = { vector: new Float32Array(16), bfloat16Length: 0, received };
    expect(() => placeChunk(incoming, offset, chunk, () => {})).toThrow(ProtocolError);
  });
});
