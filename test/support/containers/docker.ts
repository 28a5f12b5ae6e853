import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type RunningCli, watchProcess } from '../processes/cli.ts';

/** The tag of the image under test. */
export const IMAGE = 'lockstep-test';

/** A run of a few seconds on the real data, with several checkpoints per second. */
export const RUN_FLAGS = [
  ...['--layers', '64', '--epochs', '2', '--global-batch', '256', '--micro-batches', '13'],
  ...['--checkpoint-every', '20'],
];

/** A longer run, for tests that start and stop containers while it trains. */
export const LONG_RUN_FLAGS = [...RUN_FLAGS, '--epochs', '8'];

/** Whether a Docker engine answers on this machine. */
export const hasEngine =
  spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0;
export const hasCompose = hasEngine && spawnSync('docker', ['compose', 'version']).status === 0;

/** Runs the `docker` command. Resolves to its standard output. */
export const docker = (...args: string[]): Promise<string> => dockerWith({}, ...args);

/** Runs the `docker` command with additional environment variables. Resolves to its output. */
export async function dockerWith(env: Record<string, string>, ...args: string[]): Promise<string> {
  const options = { maxBuffer: 2 ** 26, env: { ...process.env, ...env } };
  return (await promisify(execFile)('docker', args, options)).stdout;
}

/**
 * Freezes containers. The engine fails at once if a process cannot be frozen at that moment, so
 * each container gets up to 20 attempts.
 */
export async function pause(...ids: string[]): Promise<void> {
  for (const id of ids) {
    for (let attempt = 1; ; attempt++) {
      try {
        await docker('pause', id);
        break;
      } catch (error) {
        if (attempt === 20 || !String(error).includes('unable to freeze')) throw error;
      }
    }
  }
}

/**
 * Limits each container to a tenth of a core, to make a run of seconds longer. `hurry` raises the
 * limit to one core.
 */
export const slowDown = (...ids: string[]) => docker('update', '--cpus', '0.1', ...ids);
export const hurry = (...ids: string[]) => docker('update', '--cpus', '1', ...ids);

/**
 * Follows the output of a container that runs `lockstep … --json`, including the output of earlier
 * starts. Ends when the container stops.
 */
export function watchContainer(id: string): RunningCli {
  return watchProcess(
    spawn('docker', ['logs', '--follow', id], { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

/** Resolves as soon as a container has been started after `since`. */
export async function untilStarted(id: string, since: Date): Promise<void> {
  const filters = ['--filter', `container=${id}`, '--filter', 'event=start'];
  const events = spawn('docker', ['events', '--since', since.toISOString(), ...filters]);
  await once(events.stdout, 'data');
  events.kill();
}

/** Resolves to the id of the first container that a swarm's service started after `since`. */
export async function taskStarted(service: string, since: Date): Promise<string> {
  const filters = [
    '--filter',
    `label=com.docker.swarm.service.name=${service}`,
    '--filter',
    'event=start',
  ];
  const events = spawn('docker', [
    'events',
    '--since',
    since.toISOString(),
    ...filters,
    '--format',
    '{{.ID}}',
  ]);
  const [ids] = await once(events.stdout, 'data');
  events.kill();
  return String(ids).split('\n')[0];
}

/** Resolves to a container's exit code as soon as the container has ended. */
export const exitCodeOf = async (id: string): Promise<number> => Number(await docker('wait', id));
