import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  docker,
  dockerWith,
  exitCodeOf,
  hasEngine,
  IMAGE,
  RUN_FLAGS,
  taskStarted,
  watchContainer,
} from '../support/containers/docker.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const STACK = `lockstep-test-${randomUUID().slice(0, 8)}`;

/**
 * Makes a swarm of this engine only, until the test ends. If that is not possible, resolves to the
 * reason.
 */
async function startSwarm(): Promise<string | undefined> {
  const state = (await docker('info', '--format', '{{.Swarm.LocalNodeState}}')).trim();
  if (state !== 'inactive')
    return `this engine's swarm state is "${state}", but this test needs "inactive"`;
  await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
  onTestFinished(async () => void (await docker('swarm', 'leave', '--force')));
  const node = (await docker('node', 'ls', '--quiet')).trim();
  await docker('node', 'update', '--label-add', 'lockstep.coordinator=true', node);
  const secret = join(temporaryFolder(), 'token');
  writeFileSync(secret, 'secret');
  await docker('secret', 'create', `${STACK}-token`, secret);
  return undefined;
}

/** Starts a stack. When the test ends, the stack and its volume are removed. */
async function deployStack(settings: Record<string, string>): Promise<void> {
  onTestFinished(async () => {
    const containers = ['--filter', `label=com.docker.stack.namespace=${STACK}`];
    await docker('stack', 'rm', STACK);
    const left = (await docker('ps', '--all', '--quiet', ...containers))
      .split('\n')
      .filter(Boolean);
    // Some containers may be gone already.
    await docker('rm', '--force', ...left).catch(() => {});
    await docker('volume', 'rm', '--force', `${STACK}_runs`);
  });
  await dockerWith(settings, 'stack', 'deploy', '--compose-file', 'deploy/swarm.yaml', STACK);
}

/** The desired and the current state of each task that a service ever had. */
async function tasksOf(service: string): Promise<string[]> {
  const format = '{{.DesiredState}} {{.CurrentState}}';
  const lines = (await docker('service', 'ps', service, '--format', format)).trim().split('\n');
  return lines.map((line) => line.split(' ', 2).join(' '));
}

test.skipIf(!hasEngine)(
  'a Swarm stack ends with the same bits after scaling and a killed coordinator, and stays ended',
  async ({ skip }) => {
    const obstacle = await startSwarm();
    if (obstacle) return skip(obstacle);
    const deployedAt = new Date();
    await deployStack({
      LOCKSTEP_IMAGE: IMAGE,
      LOCKSTEP_PORT: '0',
      LOCKSTEP_TOKEN_SECRET: `${STACK}-token`,
      LOCKSTEP_FLAGS: [...RUN_FLAGS, '--min-workers', '4', '--json'].join(' '),
    });
    const killed = await taskStarted(`${STACK}_coordinator`, deployedAt);
    const first = watchContainer(killed);
    await docker('service', 'scale', '--detach', `${STACK}_worker=4`);
    await first.next('checkpoint');

    const killedAt = new Date();
    await docker('kill', killed);
    const coordinator = await taskStarted(`${STACK}_coordinator`, killedAt);
    const second = watchContainer(coordinator);
    await second.next('start', ({ resumedFrom }) => resumedFrom !== null);
    expect((await second.next('done')).parametersSha256).toBe(inject('undisturbedSha256'));
    expect(await exitCodeOf(coordinator)).toBe(0);

    const ended = 'Shutdown Complete';
    const tasks = (role: string) =>
      expect.poll(() => tasksOf(`${STACK}_${role}`), { timeout: 20_000 });
    await tasks('worker').toEqual(Array(4).fill(ended));
    await tasks('coordinator').toEqual([ended, 'Shutdown Failed']);
  },
);
