import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DockerComposeEnvironment, Wait } from 'testcontainers';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  docker,
  exitCodeOf,
  hasCompose,
  IMAGE,
  LONG_RUN_FLAGS,
  RUN_FLAGS,
  untilStarted,
  watchContainer,
} from '../support/containers/docker.ts';
import { runCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROJECT = `lockstep-test-${randomUUID()}`;

/** The environment for `docker compose up --scale worker=N` with the settings of the tests. */
function compose(workers: number): DockerComposeEnvironment {
  return new DockerComposeEnvironment('deploy', 'compose.yaml')
    .withProjectName(PROJECT)
    .withEnvironment({
      LOCKSTEP_IMAGE: IMAGE,
      LOCKSTEP_PORT: '0',
      LOCKSTEP_TOKEN: 'secret',
      LOCKSTEP_FLAGS: [...LONG_RUN_FLAGS, '--min-workers', '3', '--json'].join(' '),
      WORKER_CPUS: '0.5',
      WORKER_MEMORY: '512m',
    })
    .withClientOptions({ commandOptions: ['--scale', `worker=${workers}`] });
}

/** Changes the number of workers of a running cluster. */
async function scale(workers: number): Promise<void> {
  await compose(workers)
    .withDefaultWaitStrategy(Wait.forLogMessage(/"listening"|Joined/))
    .up();
}

async function containersOf(service: string, project = PROJECT): Promise<string[]> {
  const labels = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${service}`];
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  return (await docker('ps', '--all', '--quiet', ...filters)).split('\n').filter(Boolean);
}

const inspect = async (id: string) => JSON.parse(await docker('inspect', id))[0];

test.skipIf(!hasCompose).each([
  ['compose.yaml', []],
  ['compose.yaml', ['--profile', 'monitoring']],
  ['compose.tls.yaml', []],
  ['compose.tls.yaml', ['--profile', 'monitoring']],
  ['swarm.yaml', []],
])('Docker Compose accepts %s with the flags %j', async (file, flags) => {
  const base = file === 'compose.tls.yaml' ? ['--file', 'deploy/compose.yaml'] : [];
  const files = [...base, '--file', `deploy/${file}`];
  await docker('compose', ...files, ...flags, 'config', '--quiet');
});

test.skipIf(!hasCompose)(
  'a Compose cluster ends with the same bits after scaling and a crash of its coordinator',
  async () => {
    const environment = await compose(2).up(); // waits until both roles are healthy
    onTestFinished(async () => void (await environment.down()));
    const [coordinator] = await containersOf('coordinator');
    const [first] = await containersOf('worker');
    expect((await inspect(first)).HostConfig).toMatchObject({ NanoCpus: 5e8, Memory: 2 ** 29 });
    for (const id of [coordinator, first]) {
      expect((await inspect(id)).HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        LogConfig: { Config: { 'max-size': '10m', 'max-file': '3' } },
      });
    }
    const run = watchContainer(coordinator);
    await scale(3);
    await run.next('progress');
    await scale(2);
    await run.next('progress', ({ worldSize }) => worldSize === 2);

    const crashedAt = new Date();
    await docker('exec', coordinator, 'sh', '-c', 'kill -9 $(pidof node)');
    await untilStarted(coordinator, crashedAt);
    await scale(3); // the run needs three workers to begin
    const resumed = watchContainer(coordinator);
    await resumed.next('start', ({ resumedFrom }) => resumedFrom !== null);
    const { steps, parametersSha256 } = await resumed.next('done');
    expect(parametersSha256).toBe(inject('longUndisturbedSha256'));
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

test.skipIf(!hasCompose)('a Compose cluster with TLS ends with the same bits', async () => {
  const tls = join(temporaryFolder(), 'tls');
  await runCli(['certificate', '--host', 'coordinator,localhost', '--out', tls]);
  chmodSync(join(tls, 'key.pem'), 0o644); // the user of the container has another number
  const project = `${PROJECT}-tls`;
  const cluster = (workers: number) =>
    new DockerComposeEnvironment('deploy', ['compose.yaml', 'compose.tls.yaml'])
      .withProjectName(project)
      .withEnvironment({
        LOCKSTEP_IMAGE: IMAGE,
        LOCKSTEP_PORT: '0',
        LOCKSTEP_TLS: tls,
        LOCKSTEP_WORKERS: String(workers),
        LOCKSTEP_FLAGS: [...RUN_FLAGS, '--min-workers', '2', '--json'].join(' '),
      });
  const environment = await cluster(1).up(); // waits until the coordinator answers over TLS
  onTestFinished(async () => void (await environment.down()));
  const [coordinator] = await containersOf('coordinator', project);
  const run = watchContainer(coordinator);
  expect(await run.next('listening')).toMatchObject({ url: expect.stringMatching(/^wss:/) });
  await cluster(2)
    .withDefaultWaitStrategy(Wait.forLogMessage(/"listening"|Joined/))
    .up();
  expect((await run.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
});
