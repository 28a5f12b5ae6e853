import { Readable } from 'node:stream';
import { LockstepError, reasonOf } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { throughProxy } from './proxy.ts';

export interface DownloadProgress {
  readonly receivedBytes: number;
  /** Null if the server does not tell the length. */
  readonly totalBytes: number | null;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** The download fails if there is more. */
  readonly bytesMax: number;
  /** The download fails if the server does not begin to answer within this time. */
  readonly answerTimeoutMs?: number;
  /** The download fails if less than 16 KiB arrive in this time, unless they are the last ones. */
  readonly idleTimeoutMs?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Sends the request. Default: `fetch`. */
  readonly open?: (url: string, signal: AbortSignal) => Promise<HttpAnswer>;
}

export interface HttpAnswer {
  readonly status: number;
  /** The header `content-length`. */
  readonly contentLength: string | null;
  /** The header `location`. */
  readonly location: string | null;
  readonly body: AsyncIterable<Uint8Array>;
}

const ANSWER_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 15_000;
const PROGRESS_BYTES = 2 ** 14;

/**
 * Downloads the body of an HTTP resource. Throws a `NETWORK` error if there is no answer in time,
 * if the status is not 200, or if the transfer breaks off, is too slow, or brings too much. Follows
 * no redirect. Rejects with `signal.reason` when aborted.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const {
    signal,
    bytesMax,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
    onProgress,
    open = fetchAnswer,
  } = options;
  const stall = new AbortController();
  const failIn = (timeoutMs: number, reason: () => string) =>
    setTimeout(() => stall.abort(new Error(`${reason()} in ${timeoutMs / 1000} s`)), timeoutMs);

  let timer = failIn(answerTimeoutMs, () => 'no answer');
  let receivedBytes = 0;
  let watchedFrom = 0;
  const watch = () => {
    clearTimeout(timer);
    watchedFrom = receivedBytes;
    timer = failIn(idleTimeoutMs, () => `only ${receivedBytes - watchedFrom} bytes`);
  };
  try {
    const answer = await open(url, AbortSignal.any([signal, stall.signal]));
    const totalBytes = lengthOf(answer, bytesMax);
    const chunks: Uint8Array[] = [];
    watch();
    for await (const chunk of answer.body) {
      receivedBytes += chunk.length;
      if (receivedBytes > bytesMax) throw new Error(`it sends more than ${bytesMax} bytes`);
      chunks.push(chunk);
      if (receivedBytes - watchedFrom >= PROGRESS_BYTES) watch();
      onProgress?.({ receivedBytes, totalBytes });
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    throw new LockstepError('NETWORK', `${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    // Closes the connection, unless the whole body has been read.
    stall.abort();
  }
}

/** The announced length, if there is one. Throws unless the answer is the resource itself. */
function lengthOf({ status, contentLength, location }: HttpAnswer, bytesMax: number) {
  if (status >= 300 && status < 400) {
    const target = location === null ? '' : ` to ${printable(location)}`;
    throw new Error(`HTTP status ${status}: a redirect${target}, which is not followed`);
  }
  if (status !== 200) throw new Error(`HTTP status ${status}`);
  const length = /^\d+$/.test(contentLength ?? '') ? Number(contentLength) : null;
  if ((length ?? 0) > bytesMax)
    throw new Error(`it announces ${length} bytes, but at most ${bytesMax} belong there`);
  return length;
}

async function fetchAnswer(url: string, signal: AbortSignal): Promise<HttpAnswer> {
  const request = () => fetch(url, { signal, redirect: 'manual' });
  const { status, headers, body } = await throughProxy(request);
  return {
    status,
    contentLength: headers.get('content-length'),
    location: headers.get('location'),
    body: body ?? Readable.from([]),
  };
}
