import { randomUUID } from 'node:crypto';
import { GenericContainer, Network, type StartedNetwork, Wait } from 'testcontainers';
import { onTestFinished } from 'vitest';
import type { RunningCli } from './cli.ts';
import { docker, IMAGE, RUN_FLAGS, watchContainer } from './docker.ts';

/** A coordinator and workers, each in a container, on a network of their own. */
export interface ContainerCluster {
  readonly network: string;
  /** The coordinator's container. */
  readonly coordinator: string;
  /** The coordinator's events, from its first start to the end of the present one. */
  watch(): RunningCli;
  /** Starts a worker; resolves to its container as soon as it has joined. */
  startWorker(): Promise<string>;
}

const START_TIMEOUT_MS = 60_000;

/** All that it makes is removed when the test ends. */
export async function startContainerCluster(...flags: string[]): Promise<ContainerCluster> {
  const network = await new Network().start();
  onTestFinished(async () => void (await network.stop()));
  const volume = `lockstep-test-${randomUUID()}`;
  onTestFinished(async () => void (await docker('volume', 'rm', '--force', volume)));

  const where = ['--host', '0.0.0.0', '--resume-or-start', '/runs/test'];
  const coordinator = await start(
    container(network, ['coordinator', ...where, ...RUN_FLAGS, ...flags])
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
  return new GenericContainer(IMAGE).withNetwork(network).withCommand([...command, '--json']);
}

/** Resolves to the container's id when it has told of that event. */
async function start(container: GenericContainer, event: string): Promise<string> {
  const started = await container
    .withStartupTimeout(START_TIMEOUT_MS)
    .withWaitStrategy(Wait.forLogMessage(`"event":"${event}"`))
    .start();
  const id = started.getId();
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id)));
  return id;
}
