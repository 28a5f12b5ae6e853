import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './attack/target.ts';
import { type LockstepProcess, peakMemoryMB, startLockstep } from './lockstep-process.ts';

/*
 * A run that is attacked, or one that is left alone: a coordinator and two honest workers, each in
 * a process of its own.
 */

export const SHAPE = { trainCount: 12_000, testCount: 1000, height: 12, width: 12, classCount: 5 };
const VALIDATION_COUNT = 500;
const MICRO_BATCH_COUNT = 16;
const EVALUATION_LEAF_SIZE = 250;
const WORKER_COUNT = 2;
const MEMORY_INTERVAL_MS = 200;

const FLAGS = [
  ...['--data-dir', 'data', '--layers', '48,24', '--global-batch', '64', '--epochs', '100000'],
  ...['--validation', String(VALIDATION_COUNT), '--micro-batches', String(MICRO_BATCH_COUNT)],
  // Without audits, whoever has the token may train another model.
  ...['--audit', '1'],
];

export interface TrainingRun {
  readonly target: Target;
  readonly coordinator: LockstepProcess;
  readonly workers: readonly LockstepProcess[];
  /** The most memory that the coordinator has had so far, in MB. */
  peakMB(): number;
  /** The state of the run. Throws if there is none within `timeoutMs`. */
  status(timeoutMs?: number): Promise<{ step: number; counters: Record<string, number> }>;
}

/** Starts a run in `folder`, which has the dataset in `data`. Resolves when it trains. */
export async function startTrainingRun(
  folder: string,
  out: string,
  steps: number | undefined,
): Promise<TrainingRun> {
  const token = randomUUID();
  const own = ['--port', '0', '--token', token, '--out', out, '--json'];
  const limits = ['--min-workers', String(WORKER_COUNT)];
  if (steps !== undefined) limits.push('--steps', String(steps));
  const coordinator = startLockstep(['coordinator', ...FLAGS, ...own, ...limits], { folder });
  const { parameterCount } = await coordinator.first('start');
  const { url } = await coordinator.first('listening');
  const workers = Array.from({ length: WORKER_COUNT }, (_, index) => {
    const flags = ['--token', token, '--data-dir', 'data', '--name', `honest-${index}`];
    return startLockstep(['worker', String(url), ...flags], { folder });
  });
  await coordinator.first('progress');
  const { port } = new URL(String(url));
  const { config } = JSON.parse(readFileSync(join(folder, out, 'config.json'), 'utf8'));

  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, peakMemoryMB(coordinator.pid) ?? 0);
  }, MEMORY_INTERVAL_MS);
  watch.unref();
  void coordinator.ended.then(() => clearInterval(watch));

  return {
    coordinator,
    workers,
    target: {
      port: Number(port),
      token,
      parameterCount: Number(parameterCount),
      config,
      contentSha256: config.dataset.files.trainImages.sha256,
      leafCounts: {
        train: MICRO_BATCH_COUNT,
        validation: Math.ceil(VALIDATION_COUNT / EVALUATION_LEAF_SIZE),
        test: Math.ceil(SHAPE.testCount / EVALUATION_LEAF_SIZE),
      },
    },
    peakMB: () => Math.max(peak, peakMemoryMB(coordinator.pid) ?? 0),
    async status(timeoutMs = 10_000) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        try {
          const response = await fetch(`http://127.0.0.1:${port}/api/status`, {
            headers: { authorization: `Bearer ${token}` },
            signal: AbortSignal.timeout(timeoutMs),
          });
          return (await response.json()) as Awaited<ReturnType<TrainingRun['status']>>;
        } catch (error) {
          // The attack may have pushed the connection out.
          if (performance.now() > until) throw error;
          await sleep(50);
        }
      }
    },
  };
}
