import { randomUUID } from 'node:crypto';
import { GenericContainer, Network, type StartedNetwork, Wait } from 'testcontainers';
import { onTestFinished } from 'vitest';
import type { RunningCli } from '../processes/cli.ts';
import { docker, IMAGE, RUN_FLAGS, watchContainer } from './docker.ts';

/** A coordinator and workers, each in its own container, on a network of their own. */
export interface ContainerCluster {
  /** The name of the network. */
  readonly network: string;
  /** The id of the coordinator's container. */
  readonly coordinator: string;
  /** Follows the coordinator's events, including those of earlier starts, until it stops. */
  watch(): RunningCli;
  /** Starts a worker. Resolves to its container's id as soon as the worker has joined. */
  startWorker(): Promise<string>;
}

const START_TIMEOUT_MS = 60_000;

/** Starts a cluster without workers. Removes all containers and volumes when the test ends. */
export async function startContainerCluster(...flags: string[]): Promise<ContainerCluster> {
  const network = await new Network().start();
  onTestFinished(async () => void (await network.stop()));
  const volume = `lockstep-test-${randomUUID()}`;
  onTestFinished(async () => void (await docker('volume', 'rm', '--force', volume)));

  const where = ['--host', '0.0.0.0', '--allow-host', 'coordinator'];
  const run = ['--resume-or-start', '/runs/test', ...RUN_FLAGS];
  const coordinator = await start(
    container(network, ['coordinator', ...where, ...run, ...flags])
      .withNetworkAliases('coordinator')
      .withBindMounts([{ source: volume, target: '/runs' }]),
    'listening',
  );
  return {
    network: network.getName(),
    coordinator,
    watch: () => watchContainer(coordinator),
    startWorker: () => start(container(network, ['worker', 'ws://coordinator:8080']), 'joined'),
  };
}

function container(network: StartedNetwork, command: string[]): GenericContainer {
  return new GenericContainer(IMAGE)
    .withNetwork(network)
    .withEnvironment({ LOCKSTEP_TOKEN: 'secret' })
    .withCommand([...command, '--json']);
}

/** Starts a container. Resolves to its id when the container has printed the event. */
async function start(container: GenericContainer, event: string): Promise<string> {
  const started = await container
    .withStartupTimeout(START_TIMEOUT_MS)
    .withWaitStrategy(Wait.forLogMessage(`"event":"${event}"`))
    .start();
  const id = started.getId();
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id)));
  return id;
}
