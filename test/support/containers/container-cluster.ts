import { randomUUID } from 'node:crypto';
import {
  GenericContainer,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { onTestFinished } from 'vitest';
import type { RunningCli } from '../processes/cli.ts';
import { docker, IMAGE, RUN_FLAGS, watchContainer } from './docker.ts';

/** A coordinator and workers, each in its own container, on a network of their own. */
export interface ContainerCluster {
  /** The name of the network. */
  readonly network: string;
  /** The id of the coordinator's container. */
  readonly coordinator: string;
  /**
   * Where this machine reaches the coordinator until that is started again. The engine is on this
   * machine, since its containers mount folders of it. The library may name the address of Docker's
   * network instead, by which the coordinator does not know itself.
   */
  readonly url: string;
  /** Follows the coordinator's events, including those of earlier starts, until it stops. */
  watch(): RunningCli;
  /** Starts a worker. Resolves to its container's id as soon as the worker has joined. */
  startWorker(): Promise<string>;
}

const START_TIMEOUT_MS = 60_000;
const PORT = 8080;
/** The secret of the coordinator. */
export const TOKEN = 'secret';

/**
 * Starts a cluster without workers. The coordinator sees the folder of `--data-dir`, if that is
 * among the flags. Removes all containers and volumes when the test ends.
 */
export async function startContainerCluster(...flags: string[]): Promise<ContainerCluster> {
  const network = await new Network().start();
  onTestFinished(async () => void (await network.stop()));
  const volume = `lockstep-test-${randomUUID()}`;
  onTestFinished(async () => void (await docker('volume', 'rm', '--force', volume)));

  const where = ['--host', '0.0.0.0', '--allow-host', 'coordinator'];
  const run = ['--resume-or-start', '/runs/test', ...RUN_FLAGS];
  const data = flags.includes('--data-dir') ? [flags[flags.indexOf('--data-dir') + 1]] : [];
  const coordinator = await start(
    container(network, ['coordinator', ...where, ...run, ...flags])
      .withNetworkAliases('coordinator')
      .withExposedPorts(PORT)
      .withBindMounts([
        { source: volume, target: '/runs' },
        ...data.map((folder) => ({ source: folder, target: folder, mode: 'ro' as const })),
      ]),
    'listening',
  );
  const worker = container(network, ['worker', `ws://coordinator:${PORT}`]);
  const id = coordinator.getId();
  return {
    network: network.getName(),
    coordinator: id,
    url: `http://127.0.0.1:${coordinator.getMappedPort(PORT)}`,
    watch: () => watchContainer(id),
    startWorker: async () => (await start(worker, 'joined')).getId(),
  };
}

function container(network: StartedNetwork, command: string[]): GenericContainer {
  return new GenericContainer(IMAGE)
    .withNetwork(network)
    .withEnvironment({ LOCKSTEP_TOKEN: TOKEN })
    .withCommand([...command, '--json']);
}

/** Starts a container. Resolves when the container has printed the event. */
async function start(container: GenericContainer, event: string): Promise<StartedTestContainer> {
  const started = await container
    .withStartupTimeout(START_TIMEOUT_MS)
    .withWaitStrategy(Wait.forLogMessage(`"event":"${event}"`))
    .start();
  const id = started.getId();
  onTestFinished(async () => void (await docker('rm', '--force', '--volumes', id)));
  return started;
}
