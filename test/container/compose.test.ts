import { randomUUID } from 'node:crypto';
import { DockerComposeEnvironment, Wait } from 'testcontainers';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  docker,
  dockerWith,
  exitCodeOf,
  hasCompose,
  IMAGE,
  RUN_FLAGS,
  untilStarted,
  watchContainer,
} from '../support/docker.ts';

const PROJECT = `lockstep-test-${randomUUID()}`;

/** `docker compose up --scale worker=N`, with settings. */
function compose(workers: number): DockerComposeEnvironment {
  return new DockerComposeEnvironment('deploy', 'compose.yaml')
    .withProjectName(PROJECT)
    .withEnvironment({
      LOCKSTEP_IMAGE: IMAGE,
      LOCKSTEP_PORT: '0',
      LOCKSTEP_TOKEN: 'secret',
      LOCKSTEP_FLAGS: [...RUN_FLAGS, '--min-workers', '3', '--json'].join(' '),
      WORKER_CPUS: '0.5',
      WORKER_MEMORY: '512m',
    })
    .withClientOptions({ commandOptions: ['--scale', `worker=${workers}`] });
}

/** Scales a cluster that is there already. */
async function scale(workers: number): Promise<void> {
  await compose(workers)
    .withDefaultWaitStrategy(Wait.forLogMessage(/"listening"|Joined/))
    .up();
}

async function containersOf(service: string): Promise<string[]> {
  const labels = [`com.docker.compose.project=${PROJECT}`, `com.docker.compose.service=${service}`];
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  return (await docker('ps', '--all', '--quiet', ...filters)).split('\n').filter(Boolean);
}

const inspect = async (id: string) => JSON.parse(await docker('inspect', id))[0];

test.skipIf(!hasCompose).each(['compose.yaml', 'swarm.yaml'])('Compose can read %s', async (file) => {
  await dockerWith({ LOCKSTEP_TOKEN: 'secret' }, 'compose', '--file', `deploy/${file}`, 'config', '--quiet');
});

test.skipIf(!hasCompose)(
  'a cluster of Compose is scaled while it trains, its coordinator crashes, and it ends at the same bits',
  async () => {
    const environment = await compose(2).up(); // until both roles are healthy
    onTestFinished(async () => void (await environment.down()));
    const [coordinator] = await containersOf('coordinator');
    const [first] = await containersOf('worker');
    expect((await inspect(first)).HostConfig).toMatchObject({ NanoCpus: 5e8, Memory: 2 ** 29 });
    const run = watchContainer(coordinator);
    await scale(3);
    await run.next('progress');
    await scale(2);
    await run.next('progress', ({ worldSize }) => worldSize === 2);

    const crashedAt = new Date();
    await docker('exec', coordinator, 'sh', '-c', 'kill -9 $(pidof node)');
    await untilStarted(coordinator, crashedAt);
    await scale(3); // as many as the run begins with
    const resumed = watchContainer(coordinator);
    await resumed.next('start', ({ resumedFrom }) => resumedFrom !== null);
    const { steps, parametersSha256 } = await resumed.next('done');
    expect(parametersSha256).toBe(inject('undisturbedSha256'));
    for (const id of await containersOf('worker')) expect(await exitCodeOf(id)).toBe(0);
    expect(await exitCodeOf(coordinator)).toBe(0);
    expect((await inspect(coordinator)).RestartCount).toBe(1);

    await docker('start', coordinator);
    expect(await exitCodeOf(coordinator)).toBe(0);
    const again = watchContainer(coordinator);
    await again.next('done');
    expect(await again.next('start')).toMatchObject({ step: steps });
    expect(await again.next('done')).toMatchObject({ steps, parametersSha256 });
  },
);
