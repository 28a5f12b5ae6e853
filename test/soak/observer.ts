/**
 * An honest user during the attack, in a process of its own: asks whether the coordinator is alive,
 * and starts a worker again and again. The parent process says which phase it is, and gets all that
 * was measured when it says that the last one is over.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { environmentIn } from './lockstep-process.ts';
import { type Observation, OVER } from './observation.ts';

const HEALTH_INTERVAL_MS = 50;
const JOIN_INTERVAL_MS = 500;
const TIMEOUT_MS = 20_000;

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const PRELOAD = new URL('mark-dial.ts', import.meta.url).href;
const [port, token, dataFolder, folder] = process.argv.slice(2);

const observations: Observation[] = [];
let isOver = false;
function enter(phase: string): void {
  const lists = { healthMs: [], startMs: [], joinMs: [] };
  observations.push({ phase, ...lists, brokenRequests: 0, lostWorkers: [] });
}
const current = (): Observation | undefined => observations.at(-1);

/** Asks once. Resolves to whether the answer came. */
function isHealthy(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = request({ port, host: '127.0.0.1', path: '/healthz', agent: false });
  asked.setTimeout(TIMEOUT_MS, () => asked.destroy());
  asked.on('error', () => resolve(false));
  asked.on('close', () => resolve(false));
  asked.on('response', (response) => {
    response.resume();
    response.once('end', () => resolve(response.statusCode === 200));
  });
  asked.end();
  return promise;
}

async function watchHealth(): Promise<void> {
  while (!isOver) {
    const observed = current();
    const since = performance.now();
    while (observed && !isOver && !(await isHealthy())) {
      observed.brokenRequests++;
      await sleep(5);
      if (performance.now() - since > TIMEOUT_MS) break;
    }
    observed?.healthMs.push(performance.now() - since);
    await sleep(HEALTH_INTERVAL_MS);
  }
}

/** Starts a worker, and ends it as soon as it is ready. */
async function joinOnce(observed: Observation): Promise<void> {
  const flags = ['--token', token, '--data-dir', dataFolder, '--name', 'honest-newcomer', '--json'];
  const url = `ws://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['--import', PRELOAD, CLI, 'worker', url, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentIn(folder),
  });
  const closed = once(child, 'close');
  const spawnedAt = Date.now();
  let dialedAt: number | undefined;
  let lastWords = 'it said nothing';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{"event":"dial"')) dialedAt ??= JSON.parse(line).now;
    else lastWords = line;
  });
  let isReady = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lastWords = line;
    if (isReady || JSON.parse(line).event !== 'joined') return;
    isReady = true;
    const readyAt = Date.now();
    observed.startMs.push((dialedAt ?? readyAt) - spawnedAt);
    observed.joinMs.push(readyAt - (dialedAt ?? readyAt));
    child.kill('SIGTERM');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const [code, signal] = await closed;
  clearTimeout(timer);
  if (isReady || isOver) return;
  const seconds = (ms: number) => `${((ms - spawnedAt) / 1000).toFixed(1)} s`;
  const dial = dialedAt === undefined ? 'never dialed' : `dialed after ${seconds(dialedAt)}`;
  const end = `ended after ${seconds(Date.now())} (${signal ?? `exit code ${code}`})`;
  observed.lostWorkers.push(`${dial}, ${end}: ${lastWords}`);
}

async function watchJoins(): Promise<void> {
  while (!isOver) {
    const observed = current();
    if (observed) await joinOnce(observed);
    await sleep(JOIN_INTERVAL_MS);
  }
}

process.on('message', async (phase: string) => {
  if (phase !== OVER) return enter(phase);
  isOver = true;
  await watching;
  process.send?.(observations, () => process.disconnect());
});
process.on('disconnect', () => process.exit());
const watching = Promise.all([watchHealth(), watchJoins()]);
