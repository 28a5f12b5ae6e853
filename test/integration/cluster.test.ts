import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createRights } from '../../coordinator/port/answers/rights.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { FRAME_BYTES_MAX, PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import { noControl } from '../support/no-control.ts';
import {
  connectRawPeer,
  connectReadyPeer,
  openRealCluster,
  type RealCluster,
} from '../support/processes/real-cluster.ts';
import { createToyDataset, createToyFiles } from '../support/toy-dataset.ts';
import { hashOf, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 3;
const dataset = createToyDataset();
const config = toyConfig(dataset);
const parameters = planModel(config.model).parameterCount;
const expectedHash = trainLocally(config, dataset, EPOCHS).then(({ server }) => hashOf(server));

describe('training over real sockets', () => {
  for (const microBatchCount of [16, 11]) {
    const settings = toyConfig(dataset, { microBatchCount });
    const expected = trainLocally(settings, dataset, EPOCHS).then(({ server }) => hashOf(server));
    test.for([1, 2, 3, 5])(
      `with %i workers and ${microBatchCount} micro-batches gives the bits of one process`,
      async (count) => {
        const cluster = await openRealCluster(settings, EPOCHS, { minWorkers: count });
        const workers = Array.from({ length: count }, () => cluster.startWorker());
        expect(await cluster.train()).toBe(await expected);
        await Promise.all(workers);
      },
    );
  }

  test('lets a leaving worker finish its share and keeps the same result', async () => {
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
    expect(cluster.events).toContainEqual(
      expect.objectContaining({ state: 'left', reason: 'drained' }),
    );
  });
});

/** Trains while a bad peer is connected. The run must still give the parameters of one process. */
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

describe('the coordinator trains on and', () => {
  test('refuses another protocol version and names both versions', async () => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION + 1, name: 'from the future' });
      expect((await peer.next('error')).message).toBe(
        `it speaks protocol version ${PROTOCOL_VERSION + 1}, ` +
          `this coordinator version ${PROTOCOL_VERSION}: ` +
          'install the same version of Lockstep on both',
      );
      expect(await peer.closed).toBe(4001);
    });
  });

  test.for([
    [['fused'], 'it computes fused, and this run needs strict'],
    [undefined, 'it does not say which numerics it computes, and this run needs strict'],
  ] as const)(
    'refuses a worker that offers the numerics %j for a strict run',
    async ([numerics, reason]) => {
      await trainBeside(async ({ url }) => {
        const peer = await connectRawPeer(url);
        const hello = { type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'other' } as const;
        peer.send(numerics ? { ...hello, numerics: [...numerics] } : hello);
        expect((await peer.next('error')).message).toContain(reason);
        expect(await peer.closed).toBe(4001);
      });
    },
  );

  test.for([
    ['no token', undefined],
    ['a wrong token', 'guess'],
  ] as const)('refuses a worker that gives %s', async ([given, token]) => {
    await trainBeside(
      async (cluster) => {
        const joining = cluster.startWorker(token === undefined ? {} : { token });
        await expect(joining).rejects.toThrow(
          `refused this worker: it gave ${given}: start it with the coordinator’s`,
        );
      },
      { token: 'secret' },
    );
  });

  test.for([
    ['a text message', 'hello', 4000],
    ['bytes that are not a frame', Buffer.from('GET / HTTP/1.1'), 4000],
    ['an empty frame', Buffer.of(), 4000],
    ['a frame above the limit', Buffer.alloc(FRAME_BYTES_MAX + 1), 1009],
  ] as const)('closes the connection of a peer that sends %s', async ([, data, code]) => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.sendRaw(data);
      expect(await peer.closed).toBe(code);
    });
  });

  test('closes the connection of a peer that sends a message out of turn', async () => {
    await trainBeside(async ({ url }) => {
      const peer = await connectRawPeer(url);
      peer.send({ type: 'ready', parameterCount: parameters }, new Float32Array(1));
      expect((await peer.next('error')).message).toBe('ready message while greeting');
      expect(await peer.closed).toBe(4000);
    });
  });

  test('closes the connection of a peer whose model has another size', async () => {
    await trainBeside(async (cluster) => {
      const peer = await connectReadyPeer(cluster, parameters + 1);
      expect((await peer.next('error')).message).toContain(
        `has ${parameters + 1} parameters, this run's ${parameters}`,
      );
      expect(await peer.closed).toBe(4000);
    });
  });

  test('expels a worker whose sum is NaN although the true sum is finite', async () => {
    const cluster = await openRealCluster(config, EPOCHS);
    const peer = await connectReadyPeer(cluster, parameters);
    const hash = cluster.train();
    const share = await peer.next('share');
    expect(share).toMatchObject({ kind: 'train', step: 0, lo: 0, hi: 16 });
    const values = new Float32Array(parameters + 2).fill(Number.NaN);
    peer.send({ ...share, type: 'partial-sum', offset: 0 }, values);
    expect((await peer.next('error')).message).toContain('gave a wrong sum over');
    expect(await peer.closed).toBe(4001);
    const worker = cluster.startWorker();
    expect(await hash).toBe(await expectedHash);
    await worker;
  });

  test('closes the connection of a worker whose sum is too long', async () => {
    const cluster = await openRealCluster(config, EPOCHS);
    const peer = await connectReadyPeer(cluster, parameters);
    const hash = cluster.train();
    const share = await peer.next('share');
    peer.send({ ...share, type: 'partial-sum', offset: 0 }, new Float32Array(parameters + 3));
    expect((await peer.next('error')).message).toContain('does not follow the 0 of');
    expect(await peer.closed).toBe(4000);
    const worker = cluster.startWorker();
    expect(await hash).toBe(await expectedHash);
    await worker;
  });

  test('drops and counts answers that it did not ask for', async () => {
    const cluster = await openRealCluster(config, EPOCHS, { minWorkers: 2 });
    const peer = await connectReadyPeer(cluster, parameters);
    const worker = cluster.startWorker();
    const hash = cluster.train();
    const share = await peer.next('share');
    const values = new Float32Array(parameters + 2).fill(1e6);
    for (const wrong of [
      { step: share.step + 1 },
      { kind: 'test' as const },
      { hi: share.hi + 1 },
    ]) {
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

test.for([
  [
    'says why',
    'cannot get ready: no dataset',
    /^worker raw went .*: cannot get ready: no dataset\):/,
  ],
  [
    'dies',
    undefined,
    /^worker raw went before it was ready \(.*\): its own output and exit code say more/,
  ],
] as const)(
  'a worker that %s before it is ready is told and counted',
  async ([, said, message]) => {
    const cluster = await openRealCluster(config, EPOCHS);
    const peer = await connectRawPeer(cluster.url);
    peer.send({
      type: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      name: 'raw',
      numerics: ['strict'],
    });
    await peer.next('welcome');
    if (said === undefined) peer.end();
    else peer.send({ type: 'error', code: 'PROTOCOL', message: said });
    await expect.poll(() => cluster.pool.counters.unreadyWorkers).toBe(1);
    expect(cluster.events).toEqual([
      { event: 'notice', code: 'unready', message: expect.stringMatching(message) },
    ]);
  },
);

describe('the HTTP server of the coordinator', () => {
  test('serves health, status and steps, and rejects other paths and methods', async () => {
    const { httpUrl } = await openRealCluster(config, EPOCHS);
    const get = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${httpUrl}${path}`, init);
      return [response.status, await response.text()] as const;
    };
    expect(await get('/healthz')).toEqual([200, '{"status":"ok"}\n']);
    expect(await get('/api/status?x=1')).toEqual([
      200,
      '{"state":"training","step":0,"workers":[]}\n',
    ]);
    expect((await get('/'))[1]).toContain('This is a Lockstep coordinator');
    expect(await get('/nothing')).toEqual([404, expect.stringContaining('no /nothing here')]);
    expect(await get('/api/steps?after=3')).toEqual([
      200,
      '{"steps":[{"step":4}],"isMore":false}\n',
    ]);
    expect(await get('/api/steps?after=x')).toEqual([
      400,
      expect.stringContaining('after=x is not a step'),
    ]);
    expect(await get('/healthz', { method: 'DELETE' })).toEqual([
      405,
      expect.stringContaining('DELETE'),
    ]);
    expect(await get('//')).toEqual([404, expect.any(String)]);
  });

  test('serves the dataset’s files by digest, and no other file', async () => {
    const { httpUrl } = await openRealCluster(config, EPOCHS);
    const { manifest, contents } = createToyFiles();
    const response = await fetch(`${httpUrl}/data/${manifest.files.trainLabels.sha256}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(contents.trainLabels));
    expect((await fetch(`${httpUrl}/data/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await fetch(`${httpUrl}/data/../package.json`)).status).toBe(404);
  });

  test('answers garbage with status 400 and closes the connection', async () => {
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

test('the error for a port in use names the port and says what to do', async () => {
  const { url } = await openRealCluster(config, EPOCHS);
  const { port } = new URL(url);
  const { startCoordinatorServer } = await import('../../coordinator/port/server.ts');
  const options = {
    host: '127.0.0.1',
    port: Number(port),
    onConnection() {},
    status: () => ({}),
    stepsAfter: () => '',
    openEvents: () => false,
    pageFiles: () => new Map(),
    metrics: async () => ({ type: 'text/plain', text: '' }),
    onFault() {},
    onCertificate() {},
    rightsOf: createRights({ token: null }),
    contentOf: () => undefined,
    control: noControl,
    isTokenNeeded: false,
  };
  await expect(startCoordinatorServer(options)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is in use: choose another --port`,
  );
});
