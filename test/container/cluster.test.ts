import { describe, expect, inject, test } from 'vitest';
import { startContainerCluster } from '../support/containers/container-cluster.ts';
import {
  docker,
  exitCodeOf,
  hasEngine,
  hurry,
  pause,
  slowDown,
} from '../support/containers/docker.ts';

describe.skipIf(!hasEngine)('a cluster of containers ends with the bits of one process', () => {
  test('when the cluster grows from one worker to three and shrinks to one', async () => {
    const cluster = await startContainerCluster();
    const run = cluster.watch();
    const first = await cluster.startWorker();
    await run.next('progress');
    await pause(first); // the run cannot end before the others join
    const others = await Promise.all([cluster.startWorker(), cluster.startWorker()]);
    await docker('unpause', first);
    await run.next('progress', ({ worldSize }) => worldSize === 3);
    await docker('stop', ...others);
    for (const worker of others) expect(await exitCodeOf(worker)).toBe(0);
    const done = await run.next('done');
    expect(done).toMatchObject({ parametersSha256: inject('undisturbedSha256'), worldSize: 1 });
    expect(await exitCodeOf(first)).toBe(0);
  });

  test('when a worker is killed', async () => {
    const cluster = await startContainerCluster('--min-workers', '2');
    const run = cluster.watch();
    const [killed, stays] = await Promise.all([cluster.startWorker(), cluster.startWorker()]);
    await slowDown(killed, stays);
    await run.next('progress');
    await docker('kill', killed);
    expect(await run.next('worker', ({ state }) => state === 'left')).toMatchObject({
      worldSize: 1,
    });
    await hurry(stays);
    expect((await run.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    expect(await exitCodeOf(stays)).toBe(0);
  });

  test('when a worker is paused past the deadline of its share and then continues', async () => {
    const cluster = await startContainerCluster('--min-workers', '2');
    const run = cluster.watch();
    const [paused, other] = await Promise.all([cluster.startWorker(), cluster.startWorker()]);
    await slowDown(paused, other);
    await run.next('progress', ({ step }) => step > 8); // the coordinator has measured shares
    await pause(paused);
    await run.next('notice', ({ code }) => code === 'late');
    await run.next('progress');
    await pause(other); // the run cannot end before the first worker is back
    await hurry(paused, other);
    await docker('unpause', paused, other);
    expect((await run.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    expect(await exitCodeOf(paused)).toBe(0);
    expect(await exitCodeOf(other)).toBe(0);
  });

  test('when the only worker loses its network and gets it back', async () => {
    const cluster = await startContainerCluster();
    const run = cluster.watch();
    const worker = await cluster.startWorker();
    await run.next('progress');
    await pause(worker); // the run cannot end before the network is cut
    await docker('network', 'disconnect', cluster.network, worker);
    await docker('unpause', worker);
    await run.next('worker', ({ state }) => state === 'left'); // after too long a silence
    await docker('network', 'connect', cluster.network, worker);
    await run.next('worker', ({ state }) => state === 'ready');
    expect((await run.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    expect(await exitCodeOf(worker)).toBe(0);
  });

  test('when the coordinator is killed and started again, and later restarted', async () => {
    const cluster = await startContainerCluster('--min-workers', '2');
    const first = cluster.watch();
    const workers = await Promise.all([cluster.startWorker(), cluster.startWorker()]);
    await first.next('checkpoint');
    await slowDown(...workers);
    await docker('kill', cluster.coordinator);
    await first.ended;

    await docker('start', cluster.coordinator);
    const second = cluster.watch();
    await second.next('start', ({ resumedFrom }) => resumedFrom !== null);
    await second.next('progress');
    await docker('restart', cluster.coordinator);
    await second.ended;
    await hurry(...workers);

    const third = cluster.watch();
    await third.next('stopped');
    expect((await third.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    for (const worker of workers) expect(await exitCodeOf(worker)).toBe(0);
  });
});
