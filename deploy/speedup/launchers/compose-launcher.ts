import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LockstepError, reasonOf, systemCode } from '../../../shared/errors.ts';
import { makeToken } from '../../../shared/host/make-token.ts';
import type { LaunchedRun, Launcher } from './launcher.ts';
import { describeThreads } from './local-launcher.ts';

const COMPOSE_FILE = fileURLToPath(new URL('../../compose.yaml', import.meta.url));
const runFile = promisify(execFile);

/**
 * A launcher of containers on this machine, by `docker compose up --scale`. Builds the image first.
 * `cpus` is the quota of each worker in cores, or undefined for none. Throws a `WORKERS` error if
 * Docker or Compose is missing, or if the build fails, and a `USAGE` error in an installed package.
 */
export async function createComposeLauncher(
  cpus: number | undefined,
  threads: number,
  signal: AbortSignal,
): Promise<Launcher> {
  if (!existsSync(COMPOSE_FILE)) {
    throw new LockstepError(
      'USAGE',
      '--launcher compose builds its image from the repository of Lockstep, and this is an ' +
        'installed package: use --launcher local, or a checkout.',
    );
  }
  const command = await findCompose();
  const base = {
    LOCKSTEP_IMAGE: 'lockstep',
    WORKER_CPUS: String(cpus ?? 0),
    WORKER_THREADS: String(threads),
  };
  await compose(command, ['build', '--quiet'], base, signal);
  const quota =
    cpus === undefined ? 'without a CPU quota' : `with a quota of ${cpus} cores per worker`;
  return {
    description: `containers on this machine (Docker Compose), ${quota}${describeThreads(threads)}`,
    start: (flags, startSignal) =>
      startProject(command, { ...base, LOCKSTEP_FLAGS: flags.join(' ') }, startSignal),
  };
}

async function startProject(
  command: readonly string[],
  settings: Record<string, string>,
  signal: AbortSignal,
): Promise<LaunchedRun> {
  const port = await freePort();
  const project = `lockstep-speedup-${process.pid}-${port}`;
  const token = makeToken();
  const environment = {
    ...settings,
    LOCKSTEP_TOKEN: token,
    LOCKSTEP_PORT: String(port),
    LOCKSTEP_ADDRESS: '127.0.0.1',
  };
  const run = (args: string[], until?: AbortSignal) =>
    compose([...command, '--project-name', project], args, environment, until);
  const scale = async (workers: number, until?: AbortSignal) => {
    const services = ['--scale', `worker=${workers}`, 'coordinator', 'worker'];
    await run(['up', '--detach', '--no-recreate', ...services], until);
  };
  const stopping = new AbortController();
  const removal = [...command, '--project-name', project, '--file', `'${COMPOSE_FILE}'`];
  const sayWhatIsLeft = () =>
    process.stderr.write(
      `The containers of ${project} are still there. Remove them with:\n` +
        `  ${removal.join(' ')} down --volumes\n`,
    );
  process.once('exit', sayWhatIsLeft);
  const stop = async () => {
    stopping.abort();
    await run(['down', '--volumes', '--timeout', '5']);
    process.off('exit', sayWhatIsLeft);
  };
  try {
    await scale(0, signal);
    const container = (await run(['ps', '--quiet', 'coordinator'])).trim();
    const failure = untilEnded(container, stopping.signal);
    failure.catch(() => {});
    return { url: `http://127.0.0.1:${port}`, token, failure, scale, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** Rejects with a container's last line of output when it ends, unless `wanted` is aborted. */
async function untilEnded(container: string, wanted: AbortSignal): Promise<never> {
  try {
    await runFile('docker', ['wait', container], { signal: wanted });
    const { stdout, stderr } = await runFile('docker', ['logs', '--tail', '5', container]);
    const reason = (stderr || stdout)
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^error: /, '');
    throw new LockstepError(
      'WORKERS',
      `the coordinator ended: ${reason || 'it printed no message'}`,
    );
  } catch (error) {
    if (wanted.aborted) return new Promise(() => {});
    throw error;
  }
}

/** Runs a Compose command and resolves to its standard output. Throws `WORKERS` errors. */
async function compose(
  [file, ...first]: readonly string[],
  args: readonly string[],
  environment: Record<string, string>,
  signal?: AbortSignal,
): Promise<string> {
  try {
    const { stdout } = await runFile(file, [...first, '--file', COMPOSE_FILE, ...args], {
      env: { ...process.env, ...environment },
      ...(signal && { signal }),
    });
    return stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const reason = said.split('\n').at(-1) || reasonOf(error);
    throw new LockstepError('WORKERS', `docker compose ${args[0]} failed: ${reason}`);
  }
}

/**
 * The command line of Compose. Compose 2 is a plugin of docker. Compose 1 is a plugin or a command
 * of its own. Throws a `WORKERS` error if there is no Compose or no running engine.
 */
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
        systemCode(error) === 'ENOENT'
          ? `${file} is not installed`
          : reasonOf(error).split('\n').join(' '),
      );
    }
  }
  throw new LockstepError(
    'WORKERS',
    '--launcher compose needs Docker with Compose and a running Docker engine ' +
      `(${reasons.join('; ')}). Start the engine, or use --launcher local.`,
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
