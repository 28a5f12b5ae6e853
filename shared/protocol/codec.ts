import { Packr } from 'msgpackr/pack';
import type * as z from 'zod';
import { assert } from '../assert.ts';
import { ProtocolError, reasonOf } from '../errors.ts';
import { describeIssue } from '../validation.ts';
import { CHUNK_BYTES_MAX, HEADER_BYTES_MAX } from './limits.ts';
import { CoordinatorMessage, MESSAGES_WITH_PAYLOAD, WorkerMessage } from './messages.ts';

/*
 * A frame is one binary WebSocket message:
 *
 *   u32 LE  length h of the header
 *   h bytes the message: a MessagePack map
 *   zeros   up to the next multiple of 8 from the frame's start
 *   rest    the payload: a part of a vector's bytes, or nothing
 */

/** A message with its payload. The payload is a view of the frame, empty if there is none. */
export interface Frame<Message> {
  readonly message: Message;
  readonly payload: Uint8Array;
}

// Plain maps can be read in other languages, unlike msgpackr's own records and typed arrays.
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' });

const PREFIX_BYTES = 4;
const PAYLOAD_ALIGNMENT = 8;

const payloadStart = (headerLength: number): number =>
  Math.ceil((PREFIX_BYTES + headerLength) / PAYLOAD_ALIGNMENT) * PAYLOAD_ALIGNMENT;

/**
 * Encodes a message, with a copy of `payload` if the message carries one. The frame may be sent to
 * any number of peers. `allocate` returns a buffer of the given length, with any content.
 */
export function encodeFrame(
  message: WorkerMessage | CoordinatorMessage,
  payload?: Uint8Array,
  allocate = (length: number) => new Uint8Array(length),
): Uint8Array {
  assert(
    MESSAGES_WITH_PAYLOAD.has(message.type) === (payload !== undefined),
    `payload of a ${message.type} message`,
  );
  const header = packr.pack(message);
  assert(header.length <= HEADER_BYTES_MAX, `a header of ${header.length} bytes`);
  const start = payloadStart(header.length);
  const frame = allocate(start + (payload?.length ?? 0));
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, PREFIX_BYTES);
  frame.fill(0, PREFIX_BYTES + header.length, start);
  if (payload) frame.set(payload, start);
  return frame;
}

/** Decodes a worker's frame. Throws only {@link ProtocolError}, if the frame is malformed. */
export function decodeWorkerFrame(frame: Uint8Array): Frame<WorkerMessage> {
  return decodeFrame(frame, WorkerMessage);
}

/** Decodes a coordinator's frame. Throws only {@link ProtocolError}, if the frame is malformed. */
export function decodeCoordinatorFrame(frame: Uint8Array): Frame<CoordinatorMessage> {
  return decodeFrame(frame, CoordinatorMessage);
}

function decodeFrame<Message extends { type: string }>(
  frame: Uint8Array,
  schema: z.ZodType<Message>,
): Frame<Message> {
  if (frame.length < PREFIX_BYTES)
    throw new ProtocolError(`frame of ${frame.length} bytes is too short`);
  const headerLength = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  const start = payloadStart(headerLength);
  if (headerLength > HEADER_BYTES_MAX || start > frame.length) {
    throw new ProtocolError(
      `header of ${headerLength} bytes announced in a frame of ${frame.length}`,
    );
  }
  const header = unpack(frame.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength));
  const result = schema.safeParse(header);
  if (!result.success)
    throw new ProtocolError(`malformed message: ${describeIssue(result.error, header)}`);

  const message = result.data;
  const payload = frame.subarray(start);
  const isPayloadFit = MESSAGES_WITH_PAYLOAD.has(message.type)
    ? payload.length > 0 && payload.length <= CHUNK_BYTES_MAX && payload.length % 2 === 0
    : payload.length === 0;
  if (!isPayloadFit)
    throw new ProtocolError(`${message.type} message with a payload of ${payload.length} bytes`);
  return { message, payload };
}

function unpack(header: Uint8Array): unknown {
  try {
    return packr.unpack(header);
  } catch (error) {
    throw new ProtocolError(`header is not MessagePack: ${reasonOf(error)}`);
  }
}
