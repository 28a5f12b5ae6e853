import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cacheDirectory } from '../../shared/cache-directory.ts';
import {
  type ContentSource,
  cacheSource,
  folderSource,
  mirrorSource,
} from '../../shared/data/content-sources.ts';
import { download } from '../../shared/data/download.ts';
import {
  coordinatorSources,
  type DataEvent,
  loadDataset,
  readManifest,
} from '../../shared/data/load-dataset.ts';
import { DATA_ROLES } from '../../shared/data/manifest.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyFiles, sha256, writeToyDataset } from '../support/toy-dataset.ts';

const { manifest, contents } = createToyFiles();
const packed = new Map(
  DATA_ROLES.map((role) => [`/${manifest.files[role].name}.gz`, gzipSync(contents[role])]),
);
const trainImages = `/${manifest.files.trainImages.name}.gz`;

let events: DataEvent[] = [];
const load = (sources: ContentSource[], signal = new AbortController().signal) =>
  loadDataset(manifest, sources, { signal, report: (event) => events.push(event) });

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', temporaryFolder());
  events = [];
});

type Respond = (path: string, response: ServerResponse) => unknown;
const FOLDER = '/data';

/** A mirror on loopback. It has the files, unless `respond` answers a request in its own way and returns true. */
async function startMirror(respond: Respond = () => false) {
  const requests: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const path = url.slice(FOLDER.length);
    requests.push(path);
    if (respond(path, response) === true) return;
    const body = packed.get(path);
    if (body) response.writeHead(200, { 'content-length': body.length }).end(body);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${FOLDER}`, requests };
}

/** Answers in full, as itself. */
const answer =
  (status: number, bodyOf: (path: string) => Uint8Array = () => Buffer.of()): Respond =>
  (path, response) => {
    response.writeHead(status).end(bodyOf(path));
    return true;
  };

/** Announces the file, sends its beginning, and breaks the connection. */
const breakOff: Respond = (path, response) => {
  const body = packed.get(path) ?? Buffer.of();
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(0, 1000), () => setTimeout(() => response.destroy(), 10));
  return true;
};

describe('a mirror', () => {
  test('is fetched from once; then the cache has everything, verified and whole', async () => {
    const mirror = await startMirror();
    const first = await load([cacheSource, mirrorSource(mirror.url)]);
    expect(first.dataset.train.count).toBe(600);
    expect(mirror.requests).toHaveLength(4);
    const cached = readdirSync(cacheDirectory()).sort();
    expect(cached).toEqual(DATA_ROLES.map((role) => manifest.files[role].sha256).sort());

    await load([cacheSource, mirrorSource(mirror.url)]);
    expect(mirror.requests).toHaveLength(4);
  });

  test('reports progress up to the last byte', async () => {
    const mirror = await startMirror();
    await load([mirrorSource(mirror.url)]);
    const last = events.findLast((event) => event.event === 'download');
    expect(last).toMatchObject({ file: manifest.files.testLabels.name, source: mirror.url });
    expect(last?.event === 'download' && last.receivedBytes === last.totalBytes).toBe(true);
  });

  test('without the file is passed over for the next one', async () => {
    const broken = await startMirror(answer(404));
    const mirror = await startMirror();
    await load([mirrorSource(broken.url), mirrorSource(mirror.url)]);
    // It is not asked again for the other three files.
    expect(broken.requests).toHaveLength(1);
    expect(events).toContainEqual({
      event: 'notice',
      code: 'data',
      message: `${broken.url}${trainImages}: HTTP status 404; trying elsewhere`,
    });
  });

  test('with another content is passed over, and nothing of it is cached', async () => {
    const wrong = await startMirror(answer(200, () => gzipSync('something else')));
    const mirror = await startMirror();
    await load([mirrorSource(wrong.url), mirrorSource(mirror.url)]);
    expect(JSON.stringify(events)).toContain(
      `its content has SHA-256 ${sha256(Buffer.from('something else'))}`,
    );
    expect(readdirSync(cacheDirectory())).toHaveLength(4);
  });

  test('with a damaged archive is passed over', async () => {
    const damaged = await startMirror(
      answer(200, (path) => packed.get(path)?.subarray(0, -9) ?? Buffer.of()),
    );
    const mirror = await startMirror();
    await load([mirrorSource(damaged.url), mirrorSource(mirror.url)]);
    expect(JSON.stringify(events)).toContain('.gz is damaged');
  });

  test('that breaks off is tried once more from the start', async () => {
    let count = 0;
    const flaky = await startMirror((path, response) => count++ === 0 && breakOff(path, response));
    await load([mirrorSource(flaky.url)]);
    expect(flaky.requests.filter((path) => path === trainImages)).toHaveLength(2);
  });

  test('that always breaks off is passed over, and half a file is never cached', async () => {
    const cutting = await startMirror(breakOff);
    await expect(load([cacheSource, mirrorSource(cutting.url)])).rejects.toThrow(
      /cannot get toy-trainImages/,
    );
    expect(cutting.requests).toHaveLength(2);
    expect(() => readdirSync(cacheDirectory())).toThrow('ENOENT');
  });

  test('that does not answer, or stops in the middle, is cut after a while', async () => {
    const silent = await startMirror(() => true);
    const stuck = await startMirror((_, response) => {
      response.writeHead(200).write('x');
      return true;
    });
    const signal = new AbortController().signal;
    const timeouts = { signal, answerTimeoutMs: 50, idleTimeoutMs: 50 };
    await expect(download(silent.url, timeouts)).rejects.toThrow('no answer for 0.05 s');
    await expect(download(stuck.url, timeouts)).rejects.toThrow('no data for 0.05 s');
  });

  test('is left at once when the user stops the program', async () => {
    const controller = new AbortController();
    const silent = await startMirror(() => {
      controller.abort(new Error('stopped by SIGINT'));
      return true;
    });
    await expect(load([mirrorSource(silent.url)], controller.signal)).rejects.toThrow('stopped by SIGINT');
  });
});

describe('a damaged file', () => {
  test('in the cache is replaced', async () => {
    const mirror = await startMirror();
    mkdirSync(cacheDirectory(), { recursive: true });
    writeFileSync(join(cacheDirectory(), manifest.files.trainImages.sha256), 'half');
    await load([cacheSource, mirrorSource(mirror.url)]);
    await load([cacheSource]);
  });

  test('in the folder of the user is an error that names the file and both digests', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    const { name, sha256: digest } = manifest.files.testLabels;
    writeFileSync(join(folder, name), 'damaged');
    const found = sha256(Buffer.from('damaged'));
    await expect(load(coordinatorSources(folder))).rejects.toThrow(
      `${name} is damaged: its content has SHA-256 ${found}, not ${digest}`,
    );
  });
});

describe('a folder of the user', () => {
  test('may have its files packed or not, and its own manifest', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    const { name } = manifest.files.trainImages;
    rmSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(contents.trainImages));
    expect(await readManifest(folder)).toEqual(manifest);
    const { dataset } = await load([folderSource(folder)]);
    expect(dataset.test.count).toBe(520);
  });

  test('without the files, or that is none, is an error that names it', async () => {
    const folder = temporaryFolder();
    await expect(load(coordinatorSources(folder))).rejects.toThrow(`${folder}: no toy-trainImages`);
    await expect(readManifest('/no/such/folder')).rejects.toThrow(
      '--data-dir /no/such/folder is not a folder',
    );
  });

  test.for([
    ['{', 'is not JSON'],
    ['{"name": 1}', 'name: Invalid input: expected string'],
    [
      JSON.stringify({
        ...manifest,
        files: { ...manifest.files, testLabels: { name: '../x', sha256: '0' } },
      }),
      'plain file name',
    ],
  ] as const)('with the manifest %s is an error that says what is wrong', async ([text, message]) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'dataset.json'), text);
    await expect(readManifest(folder)).rejects.toThrow(message);
  });
});

test('a machine that cannot cache trains all the same, and is told', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  vi.stubEnv('XDG_CACHE_HOME', file);
  const mirror = await startMirror();
  const { dataset } = await load([mirrorSource(mirror.url)]);
  expect(dataset.train.count).toBe(600);
  expect(JSON.stringify(events)).toContain('toy-trainImages is not cached: ');
});

test('mirrors can be set by the environment', () => {
  vi.stubEnv('LOCKSTEP_MIRRORS', 'http://one/,http://two/');
  const names = coordinatorSources(undefined).map(({ name }) => name);
  expect(names).toEqual([
    'the cache',
    '/usr/share/datasets/fashion-mnist',
    'http://one/',
    'http://two/',
    "Debian's package dataset-fashion-mnist",
  ]);
});
