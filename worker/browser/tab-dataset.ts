import { sha256 as hashOf } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createDataset, type Dataset } from '../../shared/data/dataset.ts';
import {
  DATA_BYTES_MAX,
  DATA_ROLES,
  type DataFile,
  type DataRole,
  type DatasetManifest,
} from '../../shared/data/manifest.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';

/** The download fails if nothing arrives for so long. */
const IDLE_TIMEOUT_MS = 15_000;

/** Keeps the files of datasets by their digests; see `content-store.ts`. */
export interface ContentStore {
  /** The content that was kept under this digest, not verified. Undefined if there is none. */
  read(sha256: string): Promise<Uint8Array | undefined>;
  /** Keeps a content. A browser that has no room for it keeps nothing. */
  write(sha256: string, content: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface TabDatasetOptions {
  readonly store: ContentStore;
  /** Puts a dataset where threads can share it, if they can. */
  readonly place: (dataset: Dataset) => Dataset;
  /** Asks the coordinator for the file with this digest. */
  readonly request: (sha256: string, signal: AbortSignal) => Promise<Response>;
  readonly onProgress: (receivedBytes: number, totalBytes: number) => void;
}

type Loader = (manifest: DatasetManifest, signal: AbortSignal) => Promise<Dataset>;

/**
 * Gets datasets from the browser's store, or from the coordinator. Each file is verified by its
 * digest, wherever it comes from. The last dataset stays in memory for a tab that comes back.
 */
export function createTabDatasetLoader(options: TabDatasetOptions): Loader {
  let last: { readonly key: string; readonly dataset: Dataset } | undefined;
  return async (manifest, signal) => {
    const key = JSON.stringify(manifest);
    if (last?.key !== key) {
      const dataset = options.place(await loadDataset(manifest, options, signal));
      last = { key, dataset };
    }
    return last.dataset;
  };
}

async function loadDataset(
  manifest: DatasetManifest,
  { store, request, onProgress }: TabDatasetOptions,
  signal: AbortSignal,
): Promise<Dataset> {
  const sizes = DATA_ROLES.map((role) => manifest.files[role].bytes ?? 0);
  const totalBytes = sizes.reduce((a, b) => a + b, 0);
  let doneBytes = 0;
  const contents: Partial<Record<DataRole, Uint8Array>> = {};
  for (const role of DATA_ROLES) {
    const file = manifest.files[role];
    const kept = await store.read(file.sha256);
    const content = kept && isRight(kept, file) ? kept : await download(file);
    contents[role] = content;
    doneBytes += content.length;
    onProgress(doneBytes, totalBytes);
  }
  return createDataset(manifest, contents as Record<DataRole, Uint8Array>);

  async function download(file: DataFile): Promise<Uint8Array> {
    const content = await fetchBounded(file, request, signal, (bytes) =>
      onProgress(doneBytes + bytes, totalBytes),
    );
    if (!isRight(content, file))
      throw new LockstepError('DATA', `${file.name} is damaged: it has another SHA-256`);
    await store.write(file.sha256, content);
    return content;
  }
}

const isRight = (content: Uint8Array, { sha256 }: DataFile): boolean =>
  bytesToHex(hashOf(content)) === sha256;

/** Reads no more bytes than the file has, and waits for each piece for a limited time. */
async function fetchBounded(
  { name, sha256, bytes = DATA_BYTES_MAX }: DataFile,
  request: TabDatasetOptions['request'],
  signal: AbortSignal,
  onBytes: (byteCount: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const stall = new AbortController();
  const fail = () => stall.abort(new Error(`nothing came for ${IDLE_TIMEOUT_MS / 1000} s`));
  let timer = setTimeout(fail, IDLE_TIMEOUT_MS);
  const content = new Uint8Array(bytes);
  let length = 0;
  try {
    const response = await request(sha256, AbortSignal.any([signal, stall.signal]));
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    for await (const piece of piecesOf(response)) {
      clearTimeout(timer);
      timer = setTimeout(fail, IDLE_TIMEOUT_MS);
      if (length + piece.length > bytes) throw new Error(`it has more than ${bytes} bytes`);
      content.set(piece, length);
      length += piece.length;
      onBytes(length);
    }
    if (length !== bytes) throw new Error(`it has ${length} bytes, not ${bytes}`);
    return content;
  } catch (error) {
    // Ends the request, if it still goes on.
    stall.abort();
    signal.throwIfAborted();
    throw new LockstepError('DATA', `cannot get ${name} from the coordinator: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Not every browser lets one iterate over a stream. */
async function* piecesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return;
    yield piece.value;
  }
}
