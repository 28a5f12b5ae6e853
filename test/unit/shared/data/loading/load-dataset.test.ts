import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDataset } from '../../../../../shared/data/dataset.ts';
import {
  type ContentSource,
  cacheSource,
  folderSource,
  mirrorSource,
} from '../../../../../shared/data/loading/content-sources.ts';
import { download } from '../../../../../shared/data/loading/download.ts';
import {
  coordinatorSources,
  type DataEvent,
  loadDataset,
  readManifest,
} from '../../../../../shared/data/loading/load-dataset.ts';
import { packedBytesMax } from '../../../../../shared/data/loading/unpack.ts';
import { DATA_ROLES, FASHION_MNIST } from '../../../../../shared/data/manifest.ts';
import { cacheDirectory } from '../../../../../shared/host/cache-directory.ts';
import { readStamped } from '../../../../../shared/host/read-file.ts';
import { isVerified, noteVerified } from '../../../../../shared/host/verified-files.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { createToyFiles, idx, sha256, writeToyDataset } from '../../../../support/toy-dataset.ts';

const { manifest, contents } = createToyFiles();
/** The same manifest, with the length of each file. */
const complete = createDataset(manifest, contents).manifest;
const packed = new Map(
  DATA_ROLES.map((role) => [`/${manifest.files[role].name}.gz`, gzipSync(contents[role])]),
);
const trainImages = `/${manifest.files.trainImages.name}.gz`;

function toyFolder(): string {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  return folder;
}

let events: DataEvent[] = [];
const load = (sources: ContentSource[], signal = new AbortController().signal) =>
  loadDataset(manifest, sources, { signal, report: (event) => events.push(event) });

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', temporaryFolder());
  events = [];
});

type Respond = (path: string, response: ServerResponse) => unknown;
const FOLDER = '/data';

/**
 * Starts a mirror on loopback. It serves the files, unless `respond` answers a request itself and
 * returns true.
 */
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

/** Answers every request with this status and body. */
const answer =
  (status: number, bodyOf: (path: string) => Uint8Array = () => Buffer.of()): Respond =>
  (path, response) => {
    response.writeHead(status).end(bodyOf(path));
    return true;
  };

/** Announces the length of the file, sends its beginning, and breaks the connection. */
const breakOff: Respond = (path, response) => {
  const body = packed.get(path) ?? Buffer.of();
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(0, 1000), () => setTimeout(() => response.destroy(), 10));
  return true;
};

describe('a mirror', () => {
  test('is asked once per file, and then the cache has every file', async () => {
    const mirror = await startMirror();
    const first = await load([cacheSource, mirrorSource(mirror.url)]);
    expect(first.dataset.train.count).toBe(600);
    expect(mirror.requests).toHaveLength(4);
    const cached = readdirSync(cacheDirectory()).sort();
    expect(cached).toEqual(DATA_ROLES.map((role) => manifest.files[role].sha256).sort());

    await load([cacheSource, mirrorSource(mirror.url)]);
    expect(mirror.requests).toHaveLength(4);
  });

  test('is downloaded with progress reports up to the last byte', async () => {
    const mirror = await startMirror();
    await load([mirrorSource(mirror.url)]);
    const last = events.findLast((event) => event.event === 'download');
    expect(last).toMatchObject({ file: manifest.files.testLabels.name, source: mirror.url });
    expect(last?.event === 'download' && last.receivedBytes === last.totalBytes).toBe(true);
  });

  test('without the file is skipped for the next mirror', async () => {
    const broken = await startMirror(answer(404));
    const mirror = await startMirror();
    await load([mirrorSource(broken.url), mirrorSource(mirror.url)]);
    // The loader does not ask this mirror for the other three files.
    expect(broken.requests).toHaveLength(1);
    expect(events).toContainEqual({
      event: 'notice',
      code: 'data',
      message: `${broken.url}${trainImages}: HTTP status 404; trying elsewhere`,
    });
  });

  test('with wrong content is skipped, and its content is not cached', async () => {
    const wrong = await startMirror(answer(200, () => gzipSync('something else')));
    const mirror = await startMirror();
    await load([mirrorSource(wrong.url), mirrorSource(mirror.url)]);
    expect(JSON.stringify(events)).toContain(
      `its content has SHA-256 ${sha256(Buffer.from('something else'))}`,
    );
    expect(readdirSync(cacheDirectory())).toHaveLength(4);
  });

  test('with a damaged archive is skipped', async () => {
    const damaged = await startMirror(
      answer(200, (path) => packed.get(path)?.subarray(0, -9) ?? Buffer.of()),
    );
    const mirror = await startMirror();
    await load([mirrorSource(damaged.url), mirrorSource(mirror.url)]);
    expect(JSON.stringify(events)).toContain('.gz is damaged');
  });

  test('that breaks the connection is tried once more from the start', async () => {
    let count = 0;
    const flaky = await startMirror((path, response) => count++ === 0 && breakOff(path, response));
    await load([mirrorSource(flaky.url)]);
    expect(flaky.requests.filter((path) => path === trainImages)).toHaveLength(2);
  });

  test('that breaks every connection is skipped, and no partial file is cached', async () => {
    const cutting = await startMirror(breakOff);
    await expect(load([cacheSource, mirrorSource(cutting.url)])).rejects.toThrow(
      /cannot get toy-trainImages/,
    );
    expect(cutting.requests).toHaveLength(2);
    expect(() => readdirSync(cacheDirectory())).toThrow('ENOENT');
  });

  test('that does not answer or stops sending is abandoned after a timeout', async () => {
    const silent = await startMirror(() => true);
    const stuck = await startMirror((_, response) => {
      response.writeHead(200).write('x');
      return true;
    });
    const signal = new AbortController().signal;
    const impatient = { signal, bytesMax: 100, answerTimeoutMs: 50 };
    await expect(download(silent.url, impatient)).rejects.toThrow('no answer in 0.05 s');
    // Long enough for a slow machine to receive the first byte.
    const patient = { signal, bytesMax: 100, idleTimeoutMs: 500 };
    await expect(download(stuck.url, patient)).rejects.toThrow('only 1 bytes in 0.5 s');
  });

  test('that sends a byte now and then is abandoned', async () => {
    const slow = await startMirror((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
      return true;
    });
    const { signal } = new AbortController();
    const options = { signal, bytesMax: 1e6, idleTimeoutMs: 100 };
    await expect(download(slow.url, options)).rejects.toThrow(/: only \d+ bytes in 0\.1 s$/);
  });

  test('that never ends is left as soon as it has sent too much', async () => {
    const closes: Promise<unknown>[] = [];
    const endless = await startMirror((_, response) => {
      closes.push(once(response, 'close'));
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
      return true;
    });
    const context = { signal: new AbortController().signal, report() {} };
    await expect(loadDataset(complete, [mirrorSource(endless.url)], context)).rejects.toThrow(
      `it sends more than ${packedBytesMax(complete.files.trainImages.bytes)} bytes`,
    );
    await Promise.all(closes);
  });

  test('that announces too much is left before it sends anything', async () => {
    const boasting = await startMirror((_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 40 }).flushHeaders();
      return true;
    });
    await expect(load([mirrorSource(boasting.url)])).rejects.toThrow(
      /it announces 1099511627776 bytes, but at most \d+ belong there/,
    );
  });

  test('that redirects is not followed', async () => {
    const mirror = await startMirror();
    const elsewhere = await startMirror((path, response) => {
      response.writeHead(302, { location: `${mirror.url}${path}\u009b` }).end();
      return true;
    });
    await expect(load([mirrorSource(elsewhere.url)])).rejects.toThrow(
      `HTTP status 302: a redirect to ${mirror.url}${trainImages}\\u009b, which is not followed`,
    );
    expect(mirror.requests).toEqual([]);
  });

  test('is abandoned at once when the user stops the program', async () => {
    const controller = new AbortController();
    const silent = await startMirror(() => {
      controller.abort(new Error('stopped by SIGINT'));
      return true;
    });
    await expect(load([mirrorSource(silent.url)], controller.signal)).rejects.toThrow(
      'stopped by SIGINT',
    );
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

  test('in the user’s folder causes an error that names the file and both digests', async () => {
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

describe('a file that unpacks to more than belongs there', () => {
  /** A folder in which the training images are `content`, gzipped. */
  function folderWith(content: Uint8Array): string {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    const { name } = manifest.files.trainImages;
    rmSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content));
    return folder;
  }
  const { length } = contents.trainImages;
  const bomb = Buffer.concat([contents.trainImages, Buffer.alloc(2 ** 24)]);

  test.for([
    ['its header says', manifest],
    ['the manifest says', complete],
  ] as const)('is refused: more than %s', async ([, described]) => {
    const sources = coordinatorSources(folderWith(bomb));
    const context = { signal: new AbortController().signal, report() {} };
    await expect(loadDataset(described, sources, context)).rejects.toThrow(
      `toy-trainImages.gz is damaged: it unpacks to more than the ${length} bytes`,
    );
  });

  test('is refused: a megabyte without a header', async () => {
    await expect(load(coordinatorSources(folderWith(Buffer.alloc(2 ** 26))))).rejects.toThrow(
      /toy-trainImages\.gz is damaged: it unpacks to more than the \d{1,7} bytes/,
    );
  });

  test('is refused: a header that announces more than any dataset has', async () => {
    const header = idx([2 ** 31, 28, 28], new Uint8Array(0));
    await expect(
      load(coordinatorSources(folderWith(Buffer.concat([header, Buffer.alloc(2 ** 22)])))),
    ).rejects.toThrow(
      'toy-trainImages.gz is damaged: its header announces 1683627180048 bytes, more than',
    );
  });

  test('is refused: a plain file', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    truncateSync(join(folder, manifest.files.trainImages.name), 2 ** 40);
    await expect(load(coordinatorSources(folder))).rejects.toThrow(
      /toy-trainImages: it has 1099511627776 bytes, but at most \d+ belong there/,
    );
  });
});

test('a loaded dataset tells the length of each file, for those who get it next', async () => {
  const { dataset } = await load([folderSource(toyFolder())]);
  expect(dataset.manifest.files.testLabels).toEqual({
    ...manifest.files.testLabels,
    bytes: contents.testLabels.length,
  });
});

describe('a --data-dir folder', () => {
  test('with a file that is no regular file causes an error that says so', async () => {
    const folder = toyFolder();
    const path = join(folder, manifest.files.trainImages.name);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    await expect(load(coordinatorSources(folder))).rejects.toThrow(
      `cannot read ${path}: it is a named pipe, not a regular file`,
    );
    rmSync(join(folder, 'dataset.json'));
    execFileSync('mkfifo', [join(folder, 'dataset.json')]);
    await expect(readManifest(folder)).rejects.toThrow(
      `cannot read ${folder}/dataset.json: it is a named pipe, not a regular file`,
    );
  });

  test('may contain plain or packed files and its own manifest', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    const { name } = manifest.files.trainImages;
    rmSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(contents.trainImages));
    expect(await readManifest(folder)).toEqual(manifest);
    const { dataset } = await load([folderSource(folder)]);
    expect(dataset.test.count).toBe(520);
  });

  test('with packed files is unpacked once', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder);
    const { name, sha256: digest } = manifest.files.trainImages;
    rmSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(contents.trainImages));
    await load([cacheSource, folderSource(folder)]);
    expect(readdirSync(cacheDirectory())).toEqual([digest]);
    writeFileSync(join(folder, `${name}.gz`), 'damaged');
    await load([cacheSource, folderSource(folder)]);
  });

  test('with packed files needs no cache', async () => {
    const folder = temporaryFolder();
    for (const role of DATA_ROLES)
      writeFileSync(join(folder, `${manifest.files[role].name}.gz`), gzipSync(contents[role]));
    vi.stubEnv('XDG_CACHE_HOME', join(folder, `${manifest.files.testLabels.name}.gz`));
    await load([folderSource(folder)]);
    expect(events).toEqual([]);
  });

  test('that is empty or missing causes an error that names it', async () => {
    const folder = temporaryFolder();
    await expect(load(coordinatorSources(folder))).rejects.toThrow(`${folder}: no toy-trainImages`);
    await expect(readManifest('/no/such/folder')).rejects.toThrow(
      '--data-dir /no/such/folder is not a folder',
    );
  });

  test.for([
    ['{', 'is not JSON'],
    ['{"name": 1}', 'name: must be text, not 1'],
    [
      JSON.stringify({
        ...manifest,
        files: { ...manifest.files, testLabels: { name: '../x', sha256: '0' } },
      }),
      'plain file name',
    ],
  ] as const)('with the manifest %s causes an error with the reason', async ([text, message]) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'dataset.json'), text);
    await expect(readManifest(folder)).rejects.toThrow(message);
  });
});

test('a machine that cannot write its cache loads the dataset with a notice', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  vi.stubEnv('XDG_CACHE_HOME', file);
  const mirror = await startMirror();
  const { dataset } = await load([mirrorSource(mirror.url)]);
  expect(dataset.train.count).toBe(600);
  expect(JSON.stringify(events)).toContain('toy-trainImages is not cached: ');
});

test('LOCKSTEP_MIRRORS sets the mirrors', () => {
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

describe('the sources of a run that goes on', () => {
  const { manifest } = createToyFiles();
  const namesOf = (...args: Parameters<typeof coordinatorSources>) =>
    coordinatorSources(...args).map(({ name }) => name);

  test('begin with the folder where its data were', () => {
    expect(namesOf(undefined, FASHION_MNIST, '/data')[0]).toBe('/data');
    expect(namesOf(undefined, manifest, '/data')).toEqual(['/data', 'the cache']);
  });

  test('are only the folder that the user gives', () => {
    expect(namesOf('/other', manifest, '/data')).toEqual(['/other']);
  });

  test('have no mirrors of Fashion-MNIST for another dataset', () => {
    expect(namesOf(undefined, manifest)).toEqual(['the cache']);
  });
});

test('a file is hashed again when it has changed, and only then', async () => {
  const folder = toyFolder();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  const { name } = manifest.files.trainLabels;
  const path = join(folder, name);
  const right = contents.trainLabels;
  const wrong = right.map((value, index) => (index === right.length - 1 ? 1 - value : value));
  writeFileSync(path, wrong);
  // Whoever has found this file to be right is believed.
  const { stamp } = await readStamped(path, right.length);
  noteVerified(stamp ?? '', manifest.files.trainLabels.sha256);
  expect((await load([folderSource(folder)])).contents.trainLabels).toEqual(wrong);
  await sleep(30);
  writeFileSync(path, wrong);
  await expect(load([folderSource(folder)])).rejects.toThrow(`${name} is damaged`);
  await sleep(30);
  writeFileSync(path, right);
  expect((await load([folderSource(folder)])).contents.trainLabels).toEqual(right);
  // Now this process knows it.
  const known = await readStamped(path, right.length);
  expect(isVerified(known.stamp ?? '', manifest.files.trainLabels.sha256)).toBe(true);
});
