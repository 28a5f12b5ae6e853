import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { readTlsPair } from '../../coordinator/port/tls.ts';
import { makeSelfSigned } from '../../shared/host/self-signed.ts';
import { getFrom } from '../../worker/connect.ts';
import { parseCoordinatorAddress } from '../../worker/coordinator-address.ts';
import { dialWebSocket } from '../../worker/websocket-dial.ts';
import { openRealCluster } from '../support/processes/real-cluster.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyDataset, createToyFiles } from '../support/toy-dataset.ts';
import { hashOf, toyConfig, trainLocally } from '../support/toy-run.ts';

const never = new AbortController().signal;
const dataset = createToyDataset();
const config = toyConfig(dataset);
const made = makeSelfSigned(['localhost', '127.0.0.1'], 10);

/** The files of a certificate that can be replaced. */
function createTlsFiles() {
  const folder = temporaryFolder();
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = ({ cert, key }: Awaited<typeof made>) => {
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
  };
  return { files, write };
}

async function openSecureCluster(options: { token?: string } = {}, pair = made) {
  const { files, write } = createTlsFiles();
  write(await pair);
  const cluster = await openRealCluster(config, 2, { ...options, tls: files });
  return { ...cluster, write };
}

/** The error with which a worker cannot connect. */
const failureOf = (url: string, trust = {}): Promise<string> =>
  dialWebSocket(parseCoordinatorAddress(url), trust, never).then(
    () => 'none',
    (error: Error) => error.message,
  );

describe('a coordinator with TLS', () => {
  test('trains to the bits of one process, with workers that know its key', async () => {
    const { server } = await trainLocally(config, dataset, 2);
    const cluster = await openSecureCluster({ token: 'secret' });
    expect(cluster.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+#sha256=[0-9a-f]{64}$/);
    const worker = cluster.startWorker({ token: 'secret' });
    expect(await cluster.train()).toBe(hashOf(server));
    await worker;
  });

  test('gives a worker the dataset, over the same trust', async () => {
    const { url } = await openSecureCluster({ token: 'secret' });
    const address = parseCoordinatorAddress(url);
    const { manifest, contents } = createToyFiles();
    const data = address.dataUrl(manifest.files.trainLabels.sha256);
    const answer = await getFrom(address, {}, data, { 'lockstep-token': 'secret' }, never);
    expect(Buffer.concat(await answer.toArray())).toEqual(Buffer.from(contents.trainLabels));
    const refused = await getFrom(address, {}, data, {}, never);
    expect(refused.statusCode).toBe(401);
    refused.resume();
  });

  test('is known by its certificate too, under the names in it', async () => {
    const { url } = await openSecureCluster();
    const unpinned = url.replace(/#.*/, '');
    const { cert: ca } = await made;
    expect(await failureOf(unpinned, { ca })).toBe('none');
    expect(await failureOf(unpinned.replace('127.0.0.1', 'localhost'), { ca })).toBe('none');
    const other = makeSelfSigned(['other.example'], 10);
    const cluster = await openSecureCluster({}, other);
    const { cert: otherCa } = await other;
    expect(await failureOf(cluster.url.replace(/#.*/, ''), { ca: otherCa })).toMatch(
      /^the certificate is for another name: .*127\.0\.0\.1/,
    );
  });

  test.for([
    ['without a pin', (url: string) => url.replace(/#.*/, ''), /give --tls-ca FILE, or .*#sha256=/],
    ['with another pin', (url: string) => url.replace(/.{4}$/, '0000'), /not the one of the addr/],
    ['without TLS', (url: string) => url.replace('wss', 'ws').replace(/#.*/, ''), /use wss:/],
  ] as const)('is not believed %s, and the worker says why', async ([, change, message]) => {
    const { url } = await openSecureCluster();
    expect(await failureOf(change(url))).toMatch(message);
  });

  test('takes a new certificate while it runs', async () => {
    const { url, write, pool } = await openSecureCluster();
    const { hostname: host, port } = new URL(url.replace('wss', 'https'));
    const shownCertificate = async () => {
      const socket = connectSecurely({ host, port: Number(port), rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      return certificate?.fingerprint256;
    };
    const renewed = await makeSelfSigned(['localhost', '127.0.0.1'], 20, (await made).key);
    const { fingerprint256 } = new X509Certificate(renewed.cert);
    expect(await shownCertificate()).not.toBe(fingerprint256);
    write(renewed);
    while ((await shownCertificate()) !== fingerprint256)
      await once(process, 'never', {
        signal: AbortSignal.timeout(500),
      }).catch(() => {});
    // The pin is that of the key, which is the same.
    expect(await failureOf(url)).toBe('none');
    expect(pool.worldSize).toBe(0);
  });

  test('drops a connection that does not speak TLS', async () => {
    const { url } = await openSecureCluster();
    const { port } = new URL(url.replace('wss', 'https'));
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket.resume(), 'close');
    expect(await failureOf(url)).toBe('none');
  });
});

test('a worker with wss:// at a port without TLS says so', async () => {
  const { url } = await openRealCluster(config, 2);
  expect(await failureOf(url.replace('ws:', 'wss:'))).toBe(
    'it speaks no TLS there: use ws:// instead of wss://',
  );
});

describe('a certificate and a key', () => {
  test('that do not belong together are refused, with their files', async () => {
    const { files, write } = createTlsFiles();
    write({ cert: (await made).cert, key: (await makeSelfSigned(['localhost'], 1)).key });
    await expect(readTlsPair(files)).rejects.toThrow(
      new RegExp(`cannot use the certificate ${files.cert} with the key ${files.key}: `),
    );
  });

  test('that cannot be read or are none are refused', async () => {
    const { files, write } = createTlsFiles();
    await expect(readTlsPair(files)).rejects.toThrow(/ENOENT.*"lockstep certificate" makes some/);
    write({ cert: 'nothing', key: 'nothing' });
    await expect(readTlsPair(files)).rejects.toThrow(/Give files in PEM/);
  });
});
