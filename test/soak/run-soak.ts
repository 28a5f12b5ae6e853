import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDraws } from '../support/simulation/draws.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';
import { attackPhases, type PhaseResult } from './attack/phases.ts';
import { type FileResult, tryHostileFiles } from './hostile-files.ts';
import { killAll, startLockstep } from './lockstep-process.ts';
import { type Observation, OVER } from './observation.ts';
import { SHAPE, startTrainingRun, type TrainingRun } from './training-run.ts';

export interface SoakOptions {
  readonly seed: number;
  /** How many mutated frames are sent. */
  readonly frameCount: number;
  /** The part of the other attacks: 1 for all of their connections. */
  readonly part: number;
  readonly fileCaseCount: number;
  readonly log: (line: string) => void;
}

export interface PhaseReport extends PhaseResult {
  readonly seconds: number;
  /** Steps of the training in this time. */
  readonly steps: number;
  /** The coordinator's peak so far. */
  readonly peakMB: number;
  readonly observed: Observation | undefined;
}

export interface SoakReport {
  readonly phases: readonly PhaseReport[];
  readonly steps: number;
  readonly attackedSha256: string;
  readonly undisturbedSha256: string;
  readonly attackedMB: number;
  readonly undisturbedMB: number;
  readonly files: FileResult;
  /** What must not happen and did: a crash, a hang, an error of Lockstep's own. */
  readonly faults: readonly string[];
}

const OBSERVER = fileURLToPath(new URL('observer.ts', import.meta.url));
/** Training must go on so soon after the attack. */
const RECOVERY_MS = 30_000;
const RECOVERY_STEPS = 20;

/** Attacks a run, trains the same run undisturbed, and compares the two. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-soak-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  writeToyDataset(data, SHAPE);
  try {
    const attacked = await trainUnderAttack(folder, options);
    options.log(`Training the same ${attacked.steps} steps undisturbed.`);
    const undisturbed = await startTrainingRun(folder, 'undisturbed', attacked.steps);
    const done = await undisturbed.coordinator.first('done', 600_000);
    const undisturbedMB = undisturbed.peakMB();
    await undisturbed.coordinator.ended;
    options.log('Trying hostile files.');
    const files = await tryFiles(folder, attacked.steps, options);
    const undisturbedSha256 = String(done.parametersSha256);
    return { ...attacked, undisturbedSha256, undisturbedMB, files };
  } finally {
    killAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function trainUnderAttack(folder: string, options: SoakOptions) {
  const run = await startTrainingRun(folder, 'run', undefined);
  const { token, port } = run.target;
  const observer = fork(OBSERVER, [String(port), token, join(folder, 'data'), folder]);
  const phases: PhaseReport[] = [];
  const faults: string[] = [];
  try {
    for (const { name, attack } of attackPhases(options)) {
      observer.send(name);
      phases.push(await carryOut(run, name, () => attack(run.target)));
      const { seconds, steps, peakMB, what } = phases[phases.length - 1];
      const training = `${steps} steps, ${peakMB.toFixed(0)} MB`;
      options.log(`${name}: ${what} in ${seconds.toFixed(1)} s; ${training}`);
      if (!run.coordinator.isAlive) break;
    }
    const observations = await observationsOf(observer);
    for (const phase of phases)
      Object.assign(phase, { observed: observations.find((it) => it.phase === phase.name) });
    faults.push(...(await faultsOf(run)));
  } finally {
    observer.kill('SIGKILL');
  }
  const attackedMB = run.peakMB();
  const { step, sha256 } = await stopAndHash(run, folder);
  return { phases, faults, attackedMB, steps: step, attackedSha256: sha256 };
}

async function carryOut(
  run: TrainingRun,
  name: string,
  attack: () => Promise<string>,
): Promise<PhaseReport> {
  const before = await run.status();
  const startedAt = performance.now();
  const what = await attack();
  const seconds = (performance.now() - startedAt) / 1000;
  const steps = run.coordinator.isAlive ? (await run.status()).step - before.step : 0;
  return { name, what, seconds, steps, peakMB: run.peakMB(), observed: undefined };
}

async function observationsOf(observer: ChildProcess): Promise<readonly Observation[]> {
  observer.send(OVER);
  const [observations] = await once(observer, 'message');
  return observations;
}

/** Also waits until the training goes on. */
async function faultsOf({ coordinator, workers, status }: TrainingRun): Promise<string[]> {
  if (!coordinator.isAlive) return [`the coordinator ended: ${(await coordinator.ended).stderr}`];
  const faults = coordinator.events
    .filter(({ event, code }) => event === 'notice' && code === 'fault')
    .map(({ message }) => String(message));
  for (const [index, worker] of workers.entries())
    if (!worker.isAlive) faults.push(`honest worker ${index}: ${(await worker.ended).stderr}`);
  const { step } = await status();
  const until = performance.now() + RECOVERY_MS;
  while ((await status()).step < step + RECOVERY_STEPS) {
    if (performance.now() > until) return [...faults, `no training after step ${step}`];
    await sleep(100);
  }
  return faults;
}

async function stopAndHash({ coordinator }: TrainingRun, folder: string) {
  coordinator.child.kill('SIGTERM');
  const { step, checkpoint } = await coordinator.first('stopped');
  const { stderr } = await coordinator.ended;
  if (/^ +at /m.test(stderr)) throw new Error(`the coordinator threw: ${stderr}`);
  const args = ['evaluate', String(checkpoint), '--data-dir', 'data', '--json'];
  const { stdout } = await startLockstep(args, { folder }).ended;
  return { step: Number(step), sha256: String(JSON.parse(stdout).parametersSha256) };
}

async function tryFiles(
  folder: string,
  steps: number,
  { seed, fileCaseCount }: SoakOptions,
): Promise<FileResult> {
  const source = join(folder, 'files');
  for (const part of ['run', 'data'])
    cpSync(join(folder, part), join(source, part), { recursive: true });
  return tryHostileFiles(
    source,
    join(folder, 'tried'),
    steps,
    createDraws(seed + 1),
    fileCaseCount,
  );
}
