import { LockstepError, reasonOf } from '../errors.ts';

export interface DownloadProgress {
  readonly receivedBytes: number;
  /** Null where the server does not say. */
  readonly totalBytes: number | null;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** A server that does not begin to answer within this time is passed over. */
  readonly answerTimeoutMs?: number;
  /** A transfer in which nothing comes for this long is cut. */
  readonly idleTimeoutMs?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

const ANSWER_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 15_000;

/**
 * The body of an HTTP resource. Throws a `NETWORK` error if there is no answer in time, the status is not 200, or
 * the transfer breaks off; rejects with `signal.reason` when aborted.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const {
    signal,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
    onProgress,
  } = options;
  const stall = new AbortController();
  const stallAfter = (timeoutMs: number, waitingFor: string) =>
    setTimeout(() => stall.abort(new Error(`${waitingFor} for ${timeoutMs / 1000} s`)), timeoutMs);

  let timer = stallAfter(answerTimeoutMs, 'no answer');
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, stall.signal]) });
    if (response.status !== 200 || !response.body) throw new Error(`HTTP status ${response.status}`);
    const length = response.headers.get('content-length');
    const totalBytes = length === null ? null : Number(length);
    const chunks: Uint8Array[] = [];
    let receivedBytes = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = stallAfter(idleTimeoutMs, 'no data');
      chunks.push(chunk);
      receivedBytes += chunk.length;
      onProgress?.({ receivedBytes, totalBytes });
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    throw new LockstepError('NETWORK', `${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
