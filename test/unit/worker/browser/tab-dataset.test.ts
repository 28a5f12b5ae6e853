import { describe, expect, test } from 'vitest';
import { DATA_ROLES } from '../../../../shared/data/manifest.ts';
import { createTabDatasetLoader } from '../../../../worker/browser/tab-dataset.ts';
import { createToyFiles } from '../../../support/toy-dataset.ts';

const { manifest: unsized, contents } = createToyFiles();
const files = Object.fromEntries(
  DATA_ROLES.map((role) => [role, { ...unsized.files[role], bytes: contents[role].length }]),
) as typeof unsized.files;
const manifest = { ...unsized, files };
const contentOf = (sha256: string): Uint8Array<ArrayBuffer> => {
  const role = DATA_ROLES.find((each) => files[each].sha256 === sha256);
  return new Uint8Array(contents[role ?? 'testLabels']);
};
const signal = new AbortController().signal;

/** A loader with a store, of which `stored` is the content so far. */
function startLoader(
  answer: (sha256: string) => Response = (sha256) => new Response(contentOf(sha256)),
  stored = new Map<string, Uint8Array>(),
) {
  const requests: string[] = [];
  const progress: number[] = [];
  const load = createTabDatasetLoader({
    store: {
      read: async (sha256) => stored.get(sha256),
      write: async (sha256, content) => void stored.set(sha256, content),
    },
    async request(sha256) {
      requests.push(sha256);
      return answer(sha256);
    },
    place: (dataset) => ({ ...dataset, manifest: { ...dataset.manifest, name: 'placed' } }),
    onProgress: (receivedBytes) => progress.push(receivedBytes),
  });
  return { load, requests, progress, stored };
}

describe('the dataset of a tab', () => {
  test('comes from the coordinator, is verified and kept', async () => {
    const { load, requests, progress, stored } = startLoader();
    const dataset = await load(manifest, signal);
    expect(dataset.train.inputs.length).toBeGreaterThan(0);
    expect(dataset.manifest.name).toBe('placed');
    expect(requests).toHaveLength(4);
    expect(stored.size).toBe(4);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await load(manifest, signal)).toBe(dataset);
    expect(requests).toHaveLength(4);
  });

  test('comes from the store if it is there', async () => {
    const { stored } = startLoader();
    for (const role of DATA_ROLES) stored.set(files[role].sha256, contents[role]);
    const { load, requests } = startLoader(undefined, stored);
    await load(manifest, signal);
    expect(requests).toEqual([]);
  });

  test('is fetched again if the store gives another content', async () => {
    const stored = new Map([[files.trainImages.sha256, new Uint8Array(9)]]);
    const { load, requests } = startLoader(undefined, stored);
    await load(manifest, signal);
    expect(requests).toContain(files.trainImages.sha256);
    expect(stored.get(files.trainImages.sha256)).toEqual(new Uint8Array(contents.trainImages));
  });

  test.for([
    ['a refusal', () => new Response('', { status: 401 }), /HTTP status 401/],
    ['too much', () => new Response(new Uint8Array(10_000_000)), /more than \d+ bytes/],
    ['too little', () => new Response(new Uint8Array(3)), /it has 3 bytes, not \d+/],
    ['nothing', () => new Response(null), /it has 0 bytes/],
    [
      'another content',
      (sha256: string) => new Response(contentOf(sha256).map((byte) => byte ^ 1)),
      /damaged: it has another SHA-256/,
    ],
  ] as const)('is not taken from %s', async ([, answer, message]) => {
    const { load, stored } = startLoader(answer);
    await expect(load(manifest, signal)).rejects.toMatchObject({
      ...{ code: 'DATA', message: expect.stringMatching(message) },
    });
    expect(stored.size).toBe(0);
  });
});
