import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { STATISTIC_COUNT } from '../../shared/engine/model.ts';
import { parameterCount } from '../../shared/engine/model-spec.ts';
import { FRAME_BYTES_MAX, PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import {
  connectRawPeer,
  connectReadyPeer,
  openRealCluster,
  type RealCluster,
} from '../support/real-cluster.ts';
import { createToyDataset, createToyFiles } from '../support/toy-dataset.ts';
import { hashOf, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 3;
const dataset = createToyDataset();
const config = toyConfig(dataset);
const parameters = parameterCount(config.model);
const expectedHash = trainLocally(config, dataset, EPOCHS).then(({ server }) => hashOf(server));

describe('over real sockets', () => {
  for (const microBatchCount of [16, 11]) {
    const settings = toyConfig(dataset, { microBatchCount });
    const expected = trainLocally(settings, dataset, EPOCHS).then(({ server }) => hashOf(server));
    test.for([1, 2, 3, 5])(
      `%i workers end at the bits of one process, with ${microBatchCount} micro-batches`,
      async (count) => {
        const cluster = await openRealCluster(settings, EPOCHS, { minWorkers: count });
        const workers = Array.from({ length: count }, () => cluster.startWorker());
        expect(await cluster.train()).toBe(await expected);
        await Promise.all(workers);
      },
    );
  }

  test('a worker that leaves finishes its share first, and ends well', async () => {
    const cluster = await openRealCluster(config, EPOCHS, { minWorkers: 2 });
    const leave = new AbortController();
    const stays = cluster.startWorker();
    const leaves = cluster.startWorker({ signal: leave.signal });
    const hash = cluster.train();
    await cluster.pool.waitForWorkers(2, new AbortController().signal);
    leave.abort();
    await leaves;
    expect(await hash).toBe(await expectedHash);
    await stays;
    expect(cluster.events).toContainEqual(expect.objectContaining({ state: 'left', reason: 'drained' }));
  });
});

/** Trains beside a bad peer: whatever the peer does, the run must end at the same bits. */
async function trainBeside(
  misbehave: (cluster: RealCluster) => Promise<unknown>,
  options = {},
): Promise<RealCluster> {
  const cluster = await openRealCluster(config, EPOCHS, options);
  await misbehave(cluster);
  const worker = cluster.startWorker('token' in options ? { token: String(options.token) } : {});
  expect(await cluster.train()).toBe(await expectedHash);
  await worker;
  return cluster;
}

describe('one peer’s fault ends that connection and nothing else:', () => {
  test('another protocol version is refused, with both versions', async () => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION + 1, name: 'from the future' });
      expect((await peer.next('error')).message).toBe(
        `it speaks protocol version ${PROTOCOL_VERSION + 1}, this coordinator version ${PROTOCOL_VERSION}: ` +
          'install the same version of Lockstep on both',
      );
      expect(await peer.closed).toBe(4001);
    });
  });

  test.for([
    [['fused'], 'it computes fused, this run strict'],
    [undefined, 'it computes no profile of numbers that it names, this run strict'],
  ] as const)('a worker that cannot keep the profile is refused: %j', async ([numerics, reason]) => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      const hello = { type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'other' } as const;
      peer.send(numerics ? { ...hello, numerics: [...numerics] } : hello);
      expect((await peer.next('error')).message).toContain(reason);
      expect(await peer.closed).toBe(4001);
    });
  });

  test.for([
    ['no token', undefined],
    ['a wrong token', 'guess'],
  ] as const)('%s is refused', async ([given, token]) => {
    await trainBeside(
      async (cluster) => {
        const joining = cluster.startWorker(token === undefined ? {} : { token });
        await expect(joining).rejects.toThrow(
          `refused this worker: it gave ${given}: start it with the --token`,
        );
      },
      { token: 'secret' },
    );
  });

  test.for([
    ['a text message', 'hello', 4000],
    ['bytes that are no frame', Buffer.from('GET / HTTP/1.1'), 4000],
    ['an empty frame', Buffer.of(), 4000],
    ['a frame above the limit', Buffer.alloc(FRAME_BYTES_MAX + 1), 1009],
  ] as const)('%s', async ([, data, code]) => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.sendRaw(data);
      expect(await peer.closed).toBe(code);
    });
  });

  test('a message out of turn', async () => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.send({ type: 'ready', parameterCount: parameters });
      expect((await peer.next('error')).message).toBe('ready message while greeting');
      expect(await peer.closed).toBe(4000);
    });
  });

  test('a model of another size', async () => {
    await trainBeside(async (cluster) => {
      const peer = await connectReadyPeer(cluster, parameters + 1);
      expect((await peer.next('error')).message).toContain(
        `has ${parameters + 1} parameters, this run's ${parameters}`,
      );
      expect(await peer.closed).toBe(4000);
    });
  });

  test('a sum that is not finite, where the true one is', async () => {
    const cluster = await openRealCluster(config, EPOCHS);
    const peer = await connectReadyPeer(cluster, parameters);
    const hash = cluster.train();
    const share = await peer.next('share');
    expect(share).toMatchObject({ kind: 'train', step: 0, lo: 0, hi: 16 });
    const values = new Float32Array(parameters + STATISTIC_COUNT).fill(Number.NaN);
    peer.send({ ...share, type: 'partial-sum', offset: 0 }, values);
    expect((await peer.next('error')).message).toContain('gave a wrong sum over');
    expect(await peer.closed).toBe(4001);
    const worker = cluster.startWorker();
    expect(await hash).toBe(await expectedHash);
    await worker;
  });

  test('a sum of another size', async () => {
    const cluster = await openRealCluster(config, EPOCHS);
    const peer = await connectReadyPeer(cluster, parameters);
    const hash = cluster.train();
    const share = await peer.next('share');
    peer.send(
      { ...share, type: 'partial-sum', offset: 0 },
      new Float32Array(parameters + STATISTIC_COUNT + 1),
    );
    expect((await peer.next('error')).message).toContain('does not follow the 0 of');
    expect(await peer.closed).toBe(4000);
    const worker = cluster.startWorker();
    expect(await hash).toBe(await expectedHash);
    await worker;
  });

  test('answers that nobody asked for are dropped and counted', async () => {
    const cluster = await openRealCluster(config, EPOCHS, { minWorkers: 2 });
    const peer = await connectReadyPeer(cluster, parameters);
    const worker = cluster.startWorker();
    const hash = cluster.train();
    const share = await peer.next('share');
    const values = new Float32Array(parameters + STATISTIC_COUNT).fill(1e6);
    for (const wrong of [{ step: share.step + 1 }, { kind: 'test' as const }, { hi: share.hi + 1 }]) {
      peer.send({ ...share, ...wrong, type: 'partial-sum', offset: 0 }, values);
    }
    peer.send({ type: 'leaving' });
    peer.send({ type: 'error', code: 'TEST', message: 'gone' });
    expect(await hash).toBe(await expectedHash);
    await worker;
    expect(cluster.pool.counters.duplicateAnswers).toBe(3);
    expect(cluster.events).toContainEqual(
      expect.objectContaining({ state: 'left', reason: "worker's error TEST: gone" }),
    );
  });
});

describe('the coordinator’s port answers HTTP:', () => {
  test('health, status, a word to people, and what is not there', async () => {
    const { httpUrl } = await openRealCluster(config, EPOCHS);
    const get = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${httpUrl}${path}`, init);
      return [response.status, await response.text()] as const;
    };
    expect(await get('/healthz')).toEqual([200, '{"status":"ok"}\n']);
    expect(await get('/api/status?x=1')).toEqual([200, '{"state":"training","step":0,"workers":[]}\n']);
    expect((await get('/'))[1]).toContain('This is a Lockstep coordinator');
    expect(await get('/nothing')).toEqual([404, expect.stringContaining('no /nothing here')]);
    expect(await get('/api/steps?after=3')).toEqual([200, '{"steps":[{"step":4}]}\n']);
    expect(await get('/api/steps?after=x')).toEqual([400, expect.stringContaining('after=x is not a step')]);
    expect(await get('/healthz', { method: 'DELETE' })).toEqual([405, expect.stringContaining('DELETE')]);
    expect(await get('//')).toEqual([404, expect.any(String)]);
  });

  test('the contents of the dataset by digest, and no others', async () => {
    const { httpUrl } = await openRealCluster(config, EPOCHS);
    const { manifest, contents } = createToyFiles();
    const response = await fetch(`${httpUrl}/data/${manifest.files.trainLabels.sha256}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(contents.trainLabels));
    expect((await fetch(`${httpUrl}/data/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await fetch(`${httpUrl}/data/../package.json`)).status).toBe(404);
  });

  test('garbage gets 400 and is cut off', async () => {
    const { httpUrl } = await openRealCluster(config, EPOCHS);
    const socket = connect(Number(new URL(httpUrl).port), '127.0.0.1');
    socket.end('\x16\x03\x01 this is not HTTP\r\n\r\n');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    await once(socket, 'close');
    expect(answer).toContain('400 Bad Request');
    expect((await fetch(`${httpUrl}/healthz`)).status).toBe(200);
  });
});

test('a port in use is an error that names it and says what to do', async () => {
  const { url } = await openRealCluster(config, EPOCHS);
  const { port } = new URL(url);
  const { startCoordinatorServer } = await import('../../coordinator/server.ts');
  const options = {
    host: '127.0.0.1',
    port: Number(port),
    onConnection() {},
    status: () => ({}),
    stepsAfter: () => [],
    contentOf: () => undefined,
  };
  await expect(startCoordinatorServer(options)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is in use: choose another --port`,
  );
});
