import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ContentStore } from '../../../../worker/browser/tab-dataset.ts';

/** The types of tests know no browser, so the module is imported by its name alone. */
const MODULE: string = '../../../../worker/browser/content-store.ts';
const { openContentStore } = (await import(MODULE)) as { openContentStore(): ContentStore };

const SHA = 'a'.repeat(64);
const CONTENT = Uint8Array.of(1, 2, 3);

/** The Cache API, as far as a tab uses it. */
function fakeCaches() {
  const kept = new Map<string, Response>();
  const cache = {
    match: async (key: string) => kept.get(key)?.clone(),
    put: async (key: string, response: Response) => void kept.set(key, response),
  };
  return { kept, caches: { open: async () => cache } };
}

/** A request that succeeds with a value a moment later, or fails. */
function request<T>(value: T, error?: Error) {
  const made: { result: T; error?: Error; [handler: string]: unknown } = { result: value };
  if (error) made.error = error;
  queueMicrotask(() => {
    if (!error) (made.onupgradeneeded as (() => void) | undefined)?.();
    ((error ? made.onerror : made.onsuccess) as () => void)();
  });
  return made;
}

/** IndexedDB, as far as a tab uses it. */
function fakeIndexedDb() {
  const kept = new Map<string, Uint8Array>();
  const stores: string[] = [];
  let openCount = 0;
  const store = {
    get: (key: string) => request(kept.get(key)),
    put: (value: Uint8Array, key: string) => request(kept.set(key, value)),
  };
  const database = {
    createObjectStore: (name: string) => stores.push(name),
    transaction: (name: string) => ({
      objectStore: () => (stores.includes(name) ? store : undefined),
    }),
    close: () => openCount--,
  };
  const open = () => {
    openCount++;
    return request(database);
  };
  return { kept, indexedDB: { open }, openCount: () => openCount };
}

describe('the contents that a browser keeps', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test('are in the Cache API, by their digests, where the page is secure', async () => {
    const { kept, caches } = fakeCaches();
    vi.stubGlobal('caches', caches);
    const store = openContentStore();
    expect(await store.read(SHA)).toBeUndefined();
    await store.write(SHA, CONTENT);
    expect(await store.read(SHA)).toEqual(CONTENT);
    expect([...kept.keys()]).toEqual([`/data/${SHA}`]);
  });

  test('are in IndexedDB where it is not, and no connection stays open', async () => {
    const { kept, indexedDB, openCount } = fakeIndexedDb();
    vi.stubGlobal('indexedDB', indexedDB);
    const store = openContentStore();
    expect(await store.read(SHA)).toBeUndefined();
    await store.write(SHA, CONTENT);
    expect(await store.read(SHA)).toEqual(CONTENT);
    expect([...kept.keys()]).toEqual([SHA]);
    expect(openCount()).toBe(0);
  });

  test('are nowhere in a browser that has neither', async () => {
    const store = openContentStore();
    await store.write(SHA, CONTENT);
    expect(await store.read(SHA)).toBeUndefined();
  });

  test('are not there if the browser fails to keep them', async () => {
    const full = new Error('the quota is exceeded');
    vi.stubGlobal('caches', { open: () => Promise.reject(full) });
    const secure = openContentStore();
    await secure.write(SHA, CONTENT);
    expect(await secure.read(SHA)).toBeUndefined();
    vi.unstubAllGlobals();
    vi.stubGlobal('indexedDB', { open: () => request(undefined, full) });
    const other = openContentStore();
    await other.write(SHA, CONTENT);
    expect(await other.read(SHA)).toBeUndefined();
  });
});
