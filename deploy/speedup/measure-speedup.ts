import { setTimeout as sleep } from 'node:timers/promises';
import type { statusOf } from '../../coordinator/run-status.ts';
import type { StepTiming } from '../../coordinator/step-timings.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import type { LaunchedRun, Launcher } from './launcher.ts';

export interface MeasurementPlan {
  /** The numbers of workers, ascending. */
  readonly workers: readonly number[];
  readonly rounds: number;
  /** How long each number is measured in each round. */
  readonly seconds: number;
}

/** The steps of one number of workers in one round, one after the other. */
export interface MeasuredWindow {
  readonly workers: number;
  readonly round: number;
  readonly steps: readonly StepTiming[];
}

export type RunStatus = Pick<
  ReturnType<typeof statusOf>,
  'model' | 'parameterCount' | 'globalBatch' | 'microBatchCount' | 'worldSize' | 'step'
>;

export interface Measurement {
  readonly status: RunStatus;
  readonly windows: readonly MeasuredWindow[];
}

/** After each change of the number of workers, so much is discarded: shares get even, caches warm. */
const WARM_UP_MS = 2_000;
const WARM_UP_STEPS = 6;
/** Fewer steps are no measurement. */
const STEPS_MIN = 8;
const POLL_MS = 250;
const SCALE_TIMEOUT_MS = 180_000;
const STEP_TIMEOUT_MS = 120_000;

/**
 * Measures one run while its number of workers changes: up in one round, down in the next, so that whatever else this
 * machine does at the time falls on all numbers alike.
 */
export async function measureSpeedup(
  run: LaunchedRun,
  { workers, rounds, seconds }: MeasurementPlan,
  signal: AbortSignal,
  onWindow: (window: MeasuredWindow, done: number, total: number) => void,
): Promise<Measurement> {
  const client = createClient(run, signal);
  const windows: MeasuredWindow[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const count of round % 2 === 0 ? workers : workers.toReversed()) {
      await scaleTo(run, client, count);
      const { step } = await client.status();
      const warmUntil = performance.now() + WARM_UP_MS;
      await client.stepsAfter(
        step,
        (steps) => steps.length >= WARM_UP_STEPS && performance.now() >= warmUntil,
      );
      const from = (await client.status()).step - 1;
      const endAt = performance.now() + seconds * 1000;
      const steps = await client.stepsAfter(
        from,
        (found) => performance.now() >= endAt && found.length >= STEPS_MIN,
        seconds * 1000,
      );
      const stray = steps.find(({ worldSize }) => worldSize !== count);
      if (stray)
        throw new LockstepError(
          'WORKERS',
          `step ${stray.step} had ${stray.worldSize} workers instead of ${count}: one ended or joined. Measure again.`,
        );
      const window = { workers: count, round, steps };
      windows.push(window);
      onWindow(window, windows.length, rounds * workers.length);
    }
  }
  return { status: await client.status(), windows };
}

/** The chain of fingerprints after the same step, computed by each number of workers from the start. */
export interface ChainCheck {
  /** Updates done. */
  readonly steps: number;
  readonly chains: readonly { readonly workers: number; readonly chain: string }[];
  readonly isEqual: boolean;
}

/** Runs the first steps with each number of workers, and compares what the parameters were after each of them. */
export async function compareChains(
  launcher: Launcher,
  flags: readonly string[],
  workers: readonly number[],
  steps: number,
  signal: AbortSignal,
): Promise<ChainCheck> {
  const chains: { workers: number; chain: string }[] = [];
  for (const count of workers) {
    const run = await launcher.start([...flags, '--min-workers', String(count)], signal);
    try {
      const client = createClient(run, signal);
      await run.scale(count);
      const found = await client.stepsAfter(-1, (timings) => timings.length >= steps);
      chains.push({ workers: count, chain: found[steps - 1].chain });
    } finally {
      await run.stop();
    }
  }
  return { steps, chains, isEqual: chains.every(({ chain }) => chain === chains[0].chain) };
}

async function scaleTo(run: LaunchedRun, client: Client, count: number): Promise<void> {
  await run.scale(count);
  const deadline = performance.now() + SCALE_TIMEOUT_MS;
  for (;;) {
    const { worldSize } = await client.status();
    if (worldSize === count) return;
    if (performance.now() > deadline) {
      throw new LockstepError(
        'WORKERS',
        `${worldSize} of ${count} workers are ready after ${SCALE_TIMEOUT_MS / 1000} s: is this machine too small for so many?`,
      );
    }
    await client.wait(POLL_MS);
  }
}

type Client = ReturnType<typeof createClient>;

/** Asks a coordinator over HTTP. Rejects when the run fails, and with `signal.reason`. */
function createClient({ url, failure }: LaunchedRun, signal: AbortSignal) {
  let lastFailure = 'nothing was asked yet';
  const get = async <Answer>(path: string): Promise<Answer | undefined> => {
    try {
      const response = await fetch(url + path, { signal });
      if (response.ok) return (await response.json()) as Answer;
      lastFailure = `HTTP ${response.status}`;
    } catch (error) {
      signal.throwIfAborted();
      lastFailure = reasonOf(error); // it starts, or is busy
    }
    return undefined;
  };
  const wait = async (milliseconds: number) => {
    await Promise.race([sleep(milliseconds, undefined, { signal }).catch(() => {}), failure]);
    signal.throwIfAborted();
  };
  async function status(): Promise<RunStatus> {
    const deadline = performance.now() + STEP_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const answer = await get<RunStatus>('/api/status');
      if (answer) return answer;
      await wait(POLL_MS);
    }
    throw new LockstepError('NETWORK', `the coordinator at ${url} does not answer: ${lastFailure}.`);
  }
  /** The steps after that one, as soon as there are enough of them. Asks seldom, so as not to disturb. */
  async function stepsAfter(
    step: number,
    isEnough: (steps: readonly StepTiming[]) => boolean,
    firstWaitMs = POLL_MS,
  ): Promise<StepTiming[]> {
    const deadline = performance.now() + firstWaitMs + STEP_TIMEOUT_MS;
    await wait(firstWaitMs);
    while (performance.now() < deadline) {
      const answer = await get<{ steps: StepTiming[] }>(`/api/steps?after=${step}`);
      if (answer && isEnough(answer.steps)) return answer.steps;
      await wait(POLL_MS);
    }
    throw new LockstepError(
      'WORKERS',
      `fewer steps than needed within ${STEP_TIMEOUT_MS / 1000} s: see ${url}/api/status.`,
    );
  }
  return { status, stepsAfter, wait };
}
