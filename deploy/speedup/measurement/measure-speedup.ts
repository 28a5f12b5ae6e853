import type { StepPage, StepTiming } from '../../../coordinator/reporting/step-timings.ts';
import type { statusOf } from '../../../coordinator/run-status.ts';
import { sleep } from '../../../shared/clock.ts';
import { LockstepError, reasonOf } from '../../../shared/errors.ts';
import { systemClock } from '../../../shared/system-clock.ts';
import type { LaunchedRun, Launcher } from '../launchers/launcher.ts';

export interface MeasurementPlan {
  /** The numbers of workers, ascending. */
  readonly workers: readonly number[];
  readonly rounds: number;
  /** Measured time per number of workers and round. */
  readonly seconds: number;
}

/** The consecutive steps of one number of workers in one round. */
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

/**
 * Time and number of steps that are discarded after each change of the number of workers. Meanwhile
 * the shares become even and the caches warm.
 */
const WARM_UP_MS = 2_000;
const WARM_UP_STEPS = 6;
/** The fewest steps of a measurement. */
const STEPS_MIN = 8;
const POLL_MS = 250;
const SCALE_TIMEOUT_MS = 180_000;
const STEP_TIMEOUT_MS = 120_000;

/**
 * Measures one run while its number of workers changes: up in one round, down in the next. So other
 * load on this machine affects all numbers of workers alike. Throws a `WORKERS` error if a worker
 * ends or joins during a measurement, or if workers or steps do not come in time. Throws a
 * `NETWORK` error if the coordinator does not answer.
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
          `step ${stray.step} had ${stray.worldSize} workers instead of ${count}, because a ` +
            'worker ended or joined. Measure again.',
        );
      const window = { workers: count, round, steps };
      windows.push(window);
      onWindow(window, windows.length, rounds * workers.length);
    }
  }
  return { status: await client.status(), windows };
}

/** The chained fingerprints of the parameters after the same step, for each number of workers. */
export interface ChainCheck {
  /** Updates from the start of the run. */
  readonly steps: number;
  readonly chains: readonly { readonly workers: number; readonly chain: string }[];
  readonly isEqual: boolean;
}

/**
 * Trains the first steps with each number of workers, in a run of its own, and compares the
 * parameters after each of these steps.
 */
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
        `${worldSize} instead of ${count} workers are ready after ${SCALE_TIMEOUT_MS / 1000} s. ` +
          'If this machine is too small for so many, give fewer --workers.',
      );
    }
    await client.wait(POLL_MS);
  }
}

type Client = ReturnType<typeof createClient>;

/**
 * A client of the coordinator's HTTP interface. Its calls reject when the run fails, and with
 * `signal.reason` when `signal` is aborted.
 */
function createClient({ url, token, failure }: LaunchedRun, signal: AbortSignal) {
  let lastFailure = 'no request was sent';
  const get = async <Answer>(path: string): Promise<Answer | undefined> => {
    try {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(url + path, { headers, signal });
      if (response.ok) return (await response.json()) as Answer;
      lastFailure = `HTTP ${response.status}`;
    } catch (error) {
      signal.throwIfAborted();
      lastFailure = reasonOf(error); // The coordinator is starting or busy.
    }
    return undefined;
  };
  const wait = async (milliseconds: number) => {
    await Promise.race([sleep(systemClock, milliseconds, signal), failure]);
    signal.throwIfAborted();
  };
  async function status(): Promise<RunStatus> {
    const deadline = performance.now() + STEP_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const answer = await get<RunStatus>('/api/status');
      if (answer) return answer;
      await wait(POLL_MS);
    }
    throw new LockstepError(
      'NETWORK',
      `the coordinator at ${url} does not answer: ${lastFailure}.`,
    );
  }
  /**
   * The steps after `step`, as soon as there are enough of them. Waits `firstWaitMs` before the
   * first request, because requests disturb the measurement.
   */
  async function stepsAfter(
    step: number,
    isEnough: (steps: readonly StepTiming[]) => boolean,
    firstWaitMs = POLL_MS,
  ): Promise<StepTiming[]> {
    const deadline = performance.now() + firstWaitMs + STEP_TIMEOUT_MS;
    await wait(firstWaitMs);
    const steps: StepTiming[] = [];
    while (performance.now() < deadline) {
      const last = steps.at(-1)?.step ?? step;
      const page = await get<StepPage>(`/api/steps?after=${last}`);
      if (page) steps.push(...page.steps);
      if (page?.isMore) continue;
      if (isEnough(steps)) return steps;
      await wait(POLL_MS);
    }
    throw new LockstepError(
      'WORKERS',
      `the run made too few steps within ${STEP_TIMEOUT_MS / 1000} s. ` +
        `Its status is at ${url}/api/status.`,
    );
  }
  return { status, stepsAfter, wait };
}
