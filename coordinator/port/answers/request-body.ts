import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../shared/clock.ts';

/** Why a request's body was not taken, as an HTTP status. */
export class BodyError extends Error {
  readonly status: 400 | 408 | 413 | 415;

  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.name = 'BodyError';
    this.status = status;
  }
}

export interface BodyLimits {
  readonly bytesMax: number;
  /** The whole body must be here after this time. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The body of a request, and its content type without parameters, in lower case. */
export interface Body {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the body of a request. Throws a `BodyError` for a content type that is not one of `types`,
 * and for a body that is too long, too slow or cut short. A body that is too long is not kept.
 */
export async function readBody(
  request: IncomingMessage,
  types: readonly string[],
  limits: BodyLimits,
): Promise<Body> {
  const given = request.headers['content-type'];
  const type = given?.split(';')[0].trim().toLowerCase() ?? '';
  // A form of a page elsewhere can send three types, and no caller takes any of them.
  if (!types.includes(type))
    throw new BodyError(
      415,
      `the content type is ${JSON.stringify(given)}: send ${types.join(' or ')}`,
    );
  return { type, bytes: await readBytes(request, limits) };
}

/** Reads the JSON text of a request. Throws a `BodyError` as `readBody`, and if it is no text. */
export async function readJsonText(request: IncomingMessage, limits: BodyLimits): Promise<string> {
  const { bytes } = await readBody(request, ['application/json'], limits);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BodyError(400, 'the body is no UTF-8 text: send application/json');
  }
}

function readBytes(
  request: IncomingMessage,
  { bytesMax, timeoutMs, clock }: BodyLimits,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const tooLong = () => reject(new BodyError(413, `the body is longer than ${bytesMax} bytes`));
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) tooLong();
  const pieces: Buffer[] = [];
  let length = 0;
  const take = (piece: Buffer) => {
    length += piece.length;
    if (length > bytesMax) tooLong();
    else pieces.push(piece);
  };
  const cancelTimeout = clock.setTimer(timeoutMs, () =>
    reject(new BodyError(408, `the body was not here after ${timeoutMs / 1000} s`)),
  );
  request
    .on('data', take)
    .once('end', () => resolve(Buffer.concat(pieces)))
    .once('close', () => reject(new BodyError(400, 'the body was cut short')))
    .on('error', () => {});
  return promise.finally(() => {
    cancelTimeout();
    // What still comes is dropped.
    request.off('data', take).resume();
  });
}
