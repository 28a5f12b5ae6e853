import * as z from 'zod';
import { alignColumns, formatCount } from '../../../shared/cli/format.ts';
import { LockstepError, reasonOf } from '../../../shared/errors.ts';
import { readTextFile } from '../../../shared/host/read-file.ts';
import { describeIssue } from '../../../shared/validation.ts';
import { vectorBytes } from '../coordinator-flags.ts';
import { type ComputeCosts, calibrateExchange } from './calibrate.ts';
import { forJson, writePlan } from './plan-files.ts';
import {
  type ClusterPlan,
  type PredictedStep,
  predictStep,
  type StepCosts,
} from './step-cost-model.ts';

interface CheckOptions {
  readonly out: string;
  readonly dataDir?: string;
  readonly json?: true;
}

const REPORT_BYTES_MAX = 2 ** 24;

const positive = z.number().positive();

/** The values of a speedup report that a prediction starts from or is compared with. */
const MeasuredSpeedup = z.object({
  machine: z.object({ cores: positive }),
  isSimulated: z.boolean(),
  quota: positive.nullable(),
  flags: z.array(z.string()),
  run: z.object({ globalBatch: positive, microBatchCount: positive }),
  points: z
    .array(
      z.object({
        workers: positive,
        throughput: z.object({ median: positive, q1: positive, q3: positive }),
        breakdown: z.object({ compute: z.number().nonnegative() }),
      }),
    )
    .min(1),
});
type MeasuredSpeedup = z.infer<typeof MeasuredSpeedup>;

/**
 * Predicts the throughput of each number of workers in a speedup report, and logs the errors. The
 * time per example comes from the fewest workers in the report, and the exchange is timed on this
 * machine. Throws a `FILE` error if `file` is not a speedup report.
 */
export async function checkPlan(
  { out, dataDir, json }: CheckOptions,
  file: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const report = await readReport(file);
  const { points, run, quota, machine, isSimulated } = report;
  log('Timing the exchange with simulated workers …');
  const exchange = await calibrateExchange(report.flags, dataDir, signal);
  const fewest = points[0];
  const workerSpeed = Math.min(1, quota ?? 1);
  const costs: StepCosts = { ...exchange, ...computeFrom(report, workerSpeed) };
  const cluster: ClusterPlan = {
    globalBatch: run.globalBatch,
    microBatchCount: run.microBatchCount,
    vectorBytes: vectorBytes(report.flags, exchange.parameterCount),
    workerSpeed,
    bandwidth: Number.POSITIVE_INFINITY,
    latencyMs: exchange.latencyMs,
    cores: machine.cores,
    // Simulated workers share one process, and waiting needs no core.
    workerCores: isSimulated ? 1 : machine.cores,
  };
  const predictions = points.map(({ workers }) =>
    predictPoint(costs, cluster, workers, isSimulated),
  );
  const errors = predictions.map(
    ({ throughput }, i) => throughput / points[i].throughput.median - 1,
  );
  const result = {
    costs: forJson(costs),
    cluster: forJson(cluster),
    predictions,
    measured: points,
    errors,
  };
  await writePlan(out, result, predictions, points);
  if (json) return void process.stdout.write(`${JSON.stringify({ event: 'plan', ...result })}\n`);
  for (const line of alignColumns([
    ['workers', 'measured', 'predicted', 'error', 'limited by'],
    ...predictions.map(({ workers, throughput, limit }, i) => [
      String(workers),
      formatCount(points[i].throughput.median),
      formatCount(throughput),
      `${(errors[i] * 100).toFixed(1)} %`,
      limit,
    ]),
  ]))
    log(line);
  log('');
  log(
    `The largest error is ${(Math.max(...errors.map(Math.abs)) * 100).toFixed(1)} %. ` +
      'The time per example comes from the measurement with a worker count of ' +
      `${fewest.workers}. All other times were measured on this machine.`,
  );
}

/**
 * Predicts one point. The computation of simulated workers takes time but no core, so for them the
 * result is the slower of two predictions: waiting without work, and work without waiting.
 */
function predictPoint(
  costs: StepCosts,
  cluster: ClusterPlan,
  workers: number,
  isSimulated: boolean,
): PredictedStep {
  if (!isSimulated) return predictStep(costs, cluster, workers);
  const waiting = predictStep(
    costs,
    { ...cluster, cores: Infinity, workerCores: Infinity },
    workers,
  );
  const working = predictStep({ ...costs, exampleMs: 0, shareMs: 0 }, cluster, workers);
  return waiting.stepMs >= working.stepMs ? waiting : working;
}

/** The time per example, from the computation of the fewest workers in the report. */
function computeFrom(
  { points: [fewest], run }: MeasuredSpeedup,
  workerSpeed: number,
): ComputeCosts {
  const { breakdown, workers } = fewest;
  return { shareMs: 0, exampleMs: (breakdown.compute * workerSpeed * workers) / run.globalBatch };
}

async function readReport(file: string): Promise<MeasuredSpeedup> {
  const refuse = (reason: string) =>
    new LockstepError(
      'FILE',
      `--check ${file} is not a speedup.json file from lockstep speedup: ${reason}.`,
    );
  let content: unknown;
  try {
    content = JSON.parse(await readTextFile(file, REPORT_BYTES_MAX));
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const { success, data, error } = MeasuredSpeedup.safeParse(content);
  if (success) return data;
  throw refuse(describeIssue(error, content));
}
