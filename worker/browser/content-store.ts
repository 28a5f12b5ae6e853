import type { ContentStore } from './tab-dataset.ts';

/*
 * The files of datasets, kept by their digests, so that a tab that comes back fetches nothing.
 *
 * The Cache API is there where the page is secure: with https, or on this machine. With plain http
 * in a local network there is only IndexedDB. A private window may have neither. Then nothing is
 * kept, and nothing else is different.
 */

const NAME = 'lockstep-data';

export function openContentStore(): ContentStore {
  if ('caches' in globalThis) return forgiving(cacheStore());
  if ('indexedDB' in globalThis) return forgiving(indexedStore());
  return { read: async () => undefined, write: async () => {} };
}

/** A store that fails is a store without the content. */
function forgiving({ read, write }: ContentStore): ContentStore {
  return {
    read: (sha256) => read(sha256).catch(() => undefined),
    write: (sha256, content) => write(sha256, content).catch(() => {}),
  };
}

function cacheStore(): ContentStore {
  const key = (sha256: string) => `/data/${sha256}`;
  return {
    async read(sha256) {
      const found = await (await caches.open(NAME)).match(key(sha256));
      return found && new Uint8Array(await found.arrayBuffer());
    },
    async write(sha256, content) {
      await (await caches.open(NAME)).put(key(sha256), new Response(content));
    },
  };
}

const CONTENTS = 'contents';

function indexedStore(): ContentStore {
  async function inStore<T>(
    mode: IDBTransactionMode,
    ask: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const database = await openDatabase();
    try {
      return await settled(ask(database.transaction(CONTENTS, mode).objectStore(CONTENTS)));
    } finally {
      database.close();
    }
  }
  return {
    read: (sha256) => inStore<Uint8Array | undefined>('readonly', (store) => store.get(sha256)),
    async write(sha256, content) {
      await inStore('readwrite', (store) => store.put(content, sha256));
    },
  };
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(CONTENTS);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
