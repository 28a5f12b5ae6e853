import { expect, test } from 'vitest';
import { PROTOCOL_VERSION, WORKERS_MAX } from '../../shared/protocol/limits.ts';
import {
  connectRawPeer,
  openRealCluster,
  type RawPeer,
} from '../support/processes/real-cluster.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { hashOf, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 2;
const dataset = createToyDataset();
const config = toyConfig(dataset);

test('members that never answer make room for those that want to work', async () => {
  const { server } = await trainLocally(config, dataset, EPOCHS);
  const cluster = await openRealCluster(config, EPOCHS);
  const crowd: RawPeer[] = [];
  while (crowd.length < WORKERS_MAX) {
    const peer = await connectRawPeer(cluster.url);
    const name = `crowd-${crowd.length}`;
    peer.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name, numerics: ['strict'] });
    await peer.next('welcome');
    crowd.push(peer);
  }
  const worker = cluster.startWorker();
  expect(await crowd[0].closed).toBe(1013);
  expect(await cluster.train()).toBe(hashOf(server));
  await worker;
});
