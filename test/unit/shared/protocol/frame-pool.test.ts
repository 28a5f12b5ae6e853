import { describe, expect, test } from 'vitest';
import { createBroadcaster } from '../../../../coordinator/connection/broadcast.ts';
import { bytesOf } from '../../../../shared/bytes.ts';
import { decodeCoordinatorFrame, encodeFrame } from '../../../../shared/protocol/codec.ts';
import { createFramePool } from '../../../../shared/protocol/frame-pool.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const message = { type: 'parameters', step: 7, offset: 0 } as const;

describe('a frame pool', () => {
  test('encodes correctly into a buffer that held a longer frame', () => {
    const pool = createFramePool();
    const [long, short] = [createDraws(1).floats(1000), createDraws(2).floats(3)].map(bytesOf);
    const first = pool.encode({ ...message, step: 2 ** 40 }, long);
    pool.release(first);
    const second = pool.encode(message, short);
    expect(second.buffer).toBe(first.buffer);
    expect(Buffer.from(second)).toEqual(Buffer.from(encodeFrame(message, short)));
  });

  test('gives each frame its own buffer', () => {
    const pool = createFramePool();
    const frames = [1, 2, 3].map(() => pool.encode(message, bytesOf(createDraws(1).floats(5))));
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(3);
  });
});

describe('a broadcast', () => {
  const parameters = createDraws(3).floats(150_000);
  const broadcasterOf = (parameterCount: number) =>
    createBroadcaster(naiveEngine, { parameterCount, bfloat16ParameterCount: 0 });
  const chunkBytes = 262_144;
  /** A peer that keeps its frames, and the callbacks that report each frame as sent. */
  function peer() {
    const frames: Uint8Array[] = [];
    const sent: (() => void)[] = [];
    return {
      frames,
      sent,
      send: (frame: Uint8Array, onSent: () => void) => [frames.push(frame), sent.push(onSent)],
    };
  }

  test('sends every worker the same frames, which contain the parameters', () => {
    const [a, b] = [peer(), peer()];
    const broadcast = broadcasterOf(parameters.length)(7, chunkBytes);
    broadcast.encode(parameters, 140_000);
    expect(broadcast.sendTo(0, a.send)).toBe(2);
    broadcast.encode(parameters, parameters.length);
    expect(broadcast.sendTo(2, a.send)).toBe(3);
    expect(broadcast.sendTo(0, b.send)).toBe(3);
    expect(a.frames).toHaveLength(3);
    expect(a.frames.every((frame, i) => frame === b.frames[i])).toBe(true);
    const payloads = a.frames.map((frame) => decodeCoordinatorFrame(frame).payload);
    expect(Buffer.concat(payloads)).toEqual(Buffer.from(bytesOf(parameters)));
  });

  test('releases its frames only after its end, when every receiver has them', () => {
    const createBroadcast = broadcasterOf(10);
    const isFree = (frame: Uint8Array) => {
      const [probe, receiver] = [createBroadcast(8, chunkBytes), peer()];
      probe.encode(parameters, 10);
      probe.sendTo(0, receiver.send);
      return receiver.frames[0].buffer === frame.buffer;
    };
    const [a, b] = [peer(), peer()];
    const broadcast = createBroadcast(7, chunkBytes);
    broadcast.encode(parameters, 10);
    broadcast.sendTo(0, a.send);
    broadcast.sendTo(0, b.send);
    for (const onSent of a.sent) onSent();
    broadcast.end();
    expect(isFree(a.frames[0])).toBe(false);
    for (const onSent of b.sent) onSent();
    expect(isFree(a.frames[0])).toBe(true);
  });
});
