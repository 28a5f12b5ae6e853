import { randomUUID } from 'node:crypto';
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
} from '../support/docker.ts';

const STACK = `lockstep-test-${randomUUID().slice(0, 8)}`;

/** Makes a swarm of this engine alone, until the test ends; resolves to why not, if it cannot. */
async function startSwarm(): Promise<string | undefined> {
  const state = (await docker('info', '--format', '{{.Swarm.LocalNodeState}}')).trim();
  if (state !== 'inactive') return `this engine's part in a swarm is ${state}, and not of our making`;
  await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
  onTestFinished(async () => void (await docker('swarm', 'leave', '--force')));
  const node = (await docker('node', 'ls', '--quiet')).trim();
  await docker('node', 'update', '--label-add', 'lockstep.coordinator=true', node);
  return undefined;
}

/** Starts a stack; when the test ends it is removed, with its volume. */
async function deployStack(settings: Record<string, string>): Promise<void> {
  onTestFinished(async () => {
    const containers = ['--filter', `label=com.docker.stack.namespace=${STACK}`];
    await docker('stack', 'rm', STACK);
    const left = (await docker('ps', '--all', '--quiet', ...containers)).split('\n').filter(Boolean);
    // Some of them may be gone by now.
    await docker('rm', '--force', ...left).catch(() => {});
    await docker('volume', 'rm', '--force', `${STACK}_runs`);
  });
  await dockerWith(settings, 'stack', 'deploy', '--compose-file', 'deploy/swarm.yaml', STACK);
}

/** What Swarm wants of each task that a service ever had, and what has become of it. */
async function tasksOf(service: string): Promise<string[]> {
  const format = '{{.DesiredState}} {{.CurrentState}}';
  const lines = (await docker('service', 'ps', service, '--format', format)).trim().split('\n');
  return lines.map((line) => line.split(' ', 2).join(' '));
}

test.skipIf(!hasEngine)(
  'a stack of Swarm is scaled, its coordinator is killed, it ends at the same bits, and stays ended',
  async ({ skip }) => {
    const obstacle = await startSwarm();
    if (obstacle) return skip(obstacle);
    const deployedAt = new Date();
    await deployStack({
      LOCKSTEP_IMAGE: IMAGE,
      LOCKSTEP_PORT: '0',
      LOCKSTEP_TOKEN: 'secret',
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
    await expect.poll(() => tasksOf(`${STACK}_worker`), { timeout: 20_000 }).toEqual(Array(4).fill(ended));
    expect(await tasksOf(`${STACK}_coordinator`)).toEqual([ended, 'Shutdown Failed']);
  },
);
