import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import type { LaunchedRun, Launcher } from './launcher.ts';

const COMPOSE_FILE = fileURLToPath(new URL('../compose.yaml', import.meta.url));
const runFile = promisify(execFile);

/** Containers on this machine, as `docker compose up --scale` starts them; `cpus` is the quota of each worker. */
export async function createComposeLauncher(
  cpus: number | undefined,
  signal: AbortSignal,
): Promise<Launcher> {
  const command = await findCompose();
  const base = { LOCKSTEP_IMAGE: 'lockstep', WORKER_CPUS: String(cpus ?? 0) };
  await compose(command, ['build', '--quiet'], base, signal);
  const quota = cpus === undefined ? 'without quotas' : `with a quota of ${cpus} cores a worker`;
  return {
    description: `containers on this machine (Docker Compose), ${quota}`,
    start: (flags) => startProject(command, { ...base, LOCKSTEP_FLAGS: flags.join(' ') }),
  };
}

async function startProject(
  command: readonly string[],
  settings: Record<string, string>,
): Promise<LaunchedRun> {
  const port = await freePort();
  const project = `lockstep-speedup-${process.pid}-${port}`;
  const environment = { ...settings, LOCKSTEP_PORT: String(port), LOCKSTEP_ADDRESS: '127.0.0.1' };
  const run = (...args: string[]) => compose([...command, '--project-name', project], args, environment);
  const scale = (workers: number) =>
    run('up', '--detach', '--no-recreate', '--scale', `worker=${workers}`, 'coordinator', 'worker');
  const stop = () => run('down', '--volumes', '--timeout', '5').then(() => {});
  try {
    await scale(0);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    failure: new Promise<never>(() => {}),
    scale: (workers) => scale(workers).then(() => {}),
    stop,
  };
}

async function compose(
  [file, ...first]: readonly string[],
  args: readonly string[],
  environment: Record<string, string>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await runFile(file, [...first, '--file', COMPOSE_FILE, ...args], {
      env: { ...process.env, ...environment },
      ...(signal && { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const reason = said.split('\n').at(-1) || reasonOf(error);
    throw new LockstepError('WORKERS', `docker compose ${args[0]} failed: ${reason}`);
  }
}

/** Compose 2 is a plugin of docker; Compose 1 may be one too, or a command of its own. */
async function findCompose(): Promise<string[]> {
  const reasons: string[] = [];
  for (const command of [['docker', 'compose'], ['docker-compose']]) {
    const [file, ...args] = command;
    try {
      await runFile(file, [...args, 'version']);
      await runFile('docker', ['version']);
      return command;
    } catch (error) {
      reasons.push(
        systemCode(error) === 'ENOENT' ? `${file} is not installed` : reasonOf(error).split('\n').join(' '),
      );
    }
  }
  throw new LockstepError(
    'WORKERS',
    `--launcher compose needs Docker with Compose, and a running engine: ${reasons.join('; ')}. Or use --launcher local.`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
