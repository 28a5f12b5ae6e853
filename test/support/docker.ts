import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type RunningCli, watchProcess } from './cli.ts';

/** The image under test. */
export const IMAGE = 'lockstep-test';

/** A run of a few seconds on the real data, with a checkpoint several times a second. */
export const RUN_FLAGS = [
  ...['--layers', '64', '--epochs', '2', '--global-batch', '256', '--micro-batches', '13'],
  ...['--checkpoint-every', '20'],
];

/** Whether a Docker engine answers here. */
export const hasEngine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0;
export const hasCompose = hasEngine && spawnSync('docker', ['compose', 'version']).status === 0;

/** Runs the `docker` command; resolves to its standard output. */
export const docker = (...args: string[]): Promise<string> => dockerWith({}, ...args);

/** The same, with further variables in its environment. */
export async function dockerWith(env: Record<string, string>, ...args: string[]): Promise<string> {
  const options = { maxBuffer: 2 ** 26, env: { ...process.env, ...env } };
  return (await promisify(execFile)('docker', args, options)).stdout;
}

/** Freezes containers. The engine gives up at once where a process cannot be frozen just then, and says so: asked again. */
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

/** Gives containers so little of a core that a run that takes seconds takes its time; `hurry` ends that. */
export const slowDown = (...ids: string[]) => docker('update', '--cpus', '0.1', ...ids);
export const hurry = (...ids: string[]) => docker('update', '--cpus', '1', ...ids);

/** What a container that runs `lockstep … --json` prints, from its first start to the end of the present one. */
export function watchContainer(id: string): RunningCli {
  return watchProcess(spawn('docker', ['logs', '--follow', id], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Resolves as soon as a container has been started after `since`, by whomever. */
export async function untilStarted(id: string, since: Date): Promise<void> {
  const filters = ['--filter', `container=${id}`, '--filter', 'event=start'];
  const events = spawn('docker', ['events', '--since', since.toISOString(), ...filters]);
  await once(events.stdout, 'data');
  events.kill();
}

/** Resolves to the first container that a service of a swarm has started after `since`. */
export async function taskStarted(service: string, since: Date): Promise<string> {
  const filters = ['--filter', `label=com.docker.swarm.service.name=${service}`, '--filter', 'event=start'];
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

/** Resolves to the exit code of a container as soon as it has ended. */
export const exitCodeOf = async (id: string): Promise<number> => Number(await docker('wait', id));
