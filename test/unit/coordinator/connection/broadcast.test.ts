import { describe, expect, test } from 'vitest';
import { type Broadcast, createBroadcaster } from '../../../../coordinator/connection/broadcast.ts';
import { bytesOf } from '../../../../shared/bytes.ts';
import { decodeCoordinatorFrame } from '../../../../shared/protocol/codec.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const PARAMETER_COUNT = 10;
const { roundToBfloat16, packBfloat16 } = naiveEngine.kernels;
const parameters = createDraws(3).floats(PARAMETER_COUNT);

const createFor = (bfloat16ParameterCount: number) =>
  createBroadcaster(naiveEngine, { parameterCount: PARAMETER_COUNT, bfloat16ParameterCount });

/** A receiver that keeps its frames until it is told that they are sent. */
function receive(broadcast: Broadcast, first = 0) {
  const frames: Uint8Array[] = [];
  const callbacks: (() => void)[] = [];
  const frameCount = broadcast.sendTo(first, (frame, onSent) => {
    frames.push(frame);
    callbacks.push(onSent);
  });
  const decoded = frames.map((frame) => {
    const { message, payload } = decodeCoordinatorFrame(frame.slice());
    if (message.type !== 'parameters') throw new Error(message.type);
    return { step: message.step, offset: message.offset, payload };
  });
  const finish = () => {
    for (const onSent of callbacks.splice(0)) onSent();
  };
  return { frames, frameCount, decoded, finish };
}

describe('a broadcast', () => {
  test('carries the parameters in chunks, the last one shorter', () => {
    const broadcast = createFor(0)(7, 16);
    broadcast.encode(parameters, PARAMETER_COUNT);
    const { decoded, frameCount } = receive(broadcast);
    expect(broadcast.step).toBe(7);
    expect(frameCount).toBe(3);
    expect(decoded.map(({ step, offset }) => [step, offset])).toEqual([
      [7, 0],
      [7, 16],
      [7, 32],
    ]);
    const payloads = Buffer.concat(decoded.map(({ payload }) => payload));
    expect(payloads).toEqual(Buffer.from(bytesOf(parameters)));
  });

  test('encodes only whole chunks of what is known, each once', () => {
    const broadcast = createFor(0)(0, 16);
    broadcast.encode(parameters, 3);
    expect(receive(broadcast).frameCount).toBe(0);
    broadcast.encode(parameters, 4);
    broadcast.encode(parameters, 7);
    expect(receive(broadcast).frameCount).toBe(1);
    broadcast.encode(parameters, PARAMETER_COUNT);
    broadcast.encode(parameters, PARAMETER_COUNT);
    const { decoded, frameCount } = receive(broadcast, 1);
    expect(frameCount).toBe(3);
    expect(decoded.map(({ offset }) => offset)).toEqual([16, 32]);
  });

  test('carries two bytes of each parameter that travels as bfloat16, and changes none', () => {
    const rounded = parameters.slice();
    roundToBfloat16(rounded);
    const before = rounded.slice();
    const broadcast = createFor(PARAMETER_COUNT)(0, 16);
    broadcast.encode(rounded, PARAMETER_COUNT);
    const { decoded } = receive(broadcast);
    expect(decoded.map(({ offset, payload }) => [offset, payload.length])).toEqual([
      [0, 16],
      [16, 4],
    ]);
    expect(rounded).toEqual(before);
    packBfloat16(rounded);
    const payloads = Buffer.concat(decoded.map(({ payload }) => payload));
    expect(payloads).toEqual(Buffer.from(bytesOf(rounded).subarray(2 * PARAMETER_COUNT)));
  });

  test('gives its memory to the next one once it is over and every frame has arrived', () => {
    const create = createFor(0);
    const first = create(0, 64);
    first.encode(parameters, PARAMETER_COUNT);
    const [quick, slow] = [receive(first), receive(first)];
    quick.finish();
    first.end();
    const memoryOf = (step: number) => {
      const broadcast = create(step, 64);
      broadcast.encode(parameters, PARAMETER_COUNT);
      return receive(broadcast).frames[0].buffer;
    };
    const [{ buffer }] = slow.frames;
    expect(memoryOf(1)).not.toBe(buffer);
    slow.finish();
    expect(memoryOf(2)).toBe(buffer);
    expect(memoryOf(3)).not.toBe(buffer);
  });

  test('keeps its memory before its end, though all that was sent has arrived', () => {
    const create = createFor(0);
    const first = create(0, 64);
    first.encode(parameters, PARAMETER_COUNT);
    const early = receive(first);
    early.finish();
    const second = create(1, 64);
    second.encode(new Float32Array(PARAMETER_COUNT), PARAMETER_COUNT);
    expect(receive(first).decoded).toEqual(early.decoded);
    expect(receive(second).frames[0].buffer).not.toBe(early.frames[0].buffer);
  });
});
