import { adviceOn, COMPUTE_PART_MIN } from '../../../coordinator/dashboard/steps/step-parts.ts';
import { formatMegabytes } from '../../../shared/cli/format.ts';
import type { SpeedupPoint, SpeedupReport } from './speedup-report.ts';

/** A larger distance between the quartiles, as a part of the median, is noise. */
const NOISE_MAX = 0.1;
/** From this part of all cores on, the machine may have been the limit. */
const BUSY_MIN = 0.9;
/** Up to this part of the time, a stop by a quota is not worth a warning. */
const THROTTLED_MIN = 0.02;

/** Warnings of everything that makes the numbers look better or worse than the cluster is. */
export function warningsOf(report: Omit<SpeedupReport, 'warnings'>): string[] {
  return [
    ...simulation(report),
    ...baseline(report),
    ...crowding(report),
    ...throttling(report),
    ...noise(report),
    ...superlinear(report),
    ...granularity(report),
    ...communication(report),
    ...difference(report),
  ];
}

type Report = Parameters<typeof warningsOf>[0];

function simulation({ isSimulated }: Report): string[] {
  if (!isSimulated) return [];
  return [
    'These workers are simulated: they wait for a timer instead of computing. So this report ' +
      'measures only the coordinator and the wire. No model is trained.',
  ];
}

function baseline({ points: [{ workers }] }: Report): string[] {
  if (workers === 1) return [];
  return [
    `One worker was not measured. So the report assumes that ${workers} workers are ${workers} ` +
      'times as fast as one worker. To measure it, add 1 to --workers.',
  ];
}

function crowding({ points, machine: { cores }, quota, isSimulated }: Report): string[] {
  if (isSimulated) return [];
  const most = points[points.length - 1];
  if (quota === null) {
    if (most.workers < cores) return [];
    return [
      `${most.workers} workers and the coordinator share ${cores} cores without a quota. With at ` +
        `least ${cores} workers, the report shows how this machine is shared, not how the ` +
        'cluster scales. Try --launcher compose --cpus 0.2.',
    ];
  }
  return points.flatMap(({ workers, coordinator, workerCores }) => {
    const used = coordinator.cores + workerCores;
    if (used < BUSY_MIN * cores) return [];
    return [
      `With a worker count of ${workers}, the workers and the coordinator together used ` +
        `${used.toFixed(2)} of ${cores} cores. They might be faster on a machine with more cores.`,
    ];
  });
}

function throttling({ points, quota }: Report): string[] {
  const coordinator = points.filter((point) => point.coordinator.throttled > THROTTLED_MIN);
  const warnings = coordinator.map(
    ({ workers, coordinator: { throttled } }) =>
      `With a worker count of ${workers}, a quota stopped the coordinator for ` +
      `${percent(throttled)} of the time. Raise COORDINATOR_CPUS.`,
  );
  const stopped = points.filter(({ workerThrottled }) => workerThrottled > THROTTLED_MIN);
  if (quota !== null && stopped.length > 0) {
    const parts = stopped.map(
      ({ workers, workerThrottled }) => `${percent(workerThrottled)} (N = ${workers})`,
    );
    warnings.push(
      `The quota of ${quota} cores per worker stopped each worker for a part of the time: ` +
        `${parts.join(', ')}, where N is the number of workers. This is intended: a quota gives ` +
        'each worker its cores in slices of time.',
    );
  }
  return warnings;
}

function noise({ points }: Report): string[] {
  return points.flatMap(({ workers, throughput: { median, q1, q3 } }) => {
    const width = (q3 - q1) / median;
    if (width <= NOISE_MAX) return [];
    return [
      `With a worker count of ${workers}, the quartiles of the throughput are ${percent(width)} ` +
        'of the median apart. Something else seems to use this machine. Measure longer ' +
        '(--seconds, --rounds), or later.',
    ];
  });
}

function superlinear({ points }: Report): string[] {
  return points.flatMap(({ workers, efficiency }) => {
    if (efficiency <= 1.05) return [];
    return [
      `With ${workers} workers, the efficiency is ${percent(efficiency)}, although more than ` +
        '100 % cannot be gained. The fewest workers were slower than they should be: by chance, ' +
        'or because a quota cuts their work into more slices of time.',
    ];
  });
}

function granularity({ points, run: { microBatchCount, globalBatch } }: Report): string[] {
  return points.flatMap(({ workers }) => {
    const largest = Math.ceil(microBatchCount / workers);
    const atMost = microBatchCount / largest;
    if (atMost > 0.99 * workers) return [];
    return [
      `${microBatchCount} micro-batches (of a global batch of ${globalBatch}) cannot be divided ` +
        `evenly among ${workers} workers, so the speedup is at most ${atMost.toFixed(2)}. ` +
        `Try --micro-batches ${workers * Math.ceil(microBatchCount / workers)}.`,
    ];
  });
}

function communication({ points, run, law, isSimulated }: Report): string[] {
  const poor = points.find(
    ({ breakdown, stepMs }) => breakdown && breakdown.compute < COMPUTE_PART_MIN * stepMs,
  );
  if (isSimulated || !poor?.breakdown) return [];
  const work = `${poor.breakdown.compute.toFixed(1)} ms of computation`;
  const bytes = formatMegabytes(poor.bytesPerStep / poor.workers);
  const advice = adviceOn('exchanging', run.globalBatch);
  const limit = gainsUpTo(points, law.bestWorkers);
  const finding =
    limit === undefined
      ? `Computation takes only ${percent(poor.breakdown.compute / poor.stepMs)} of a step`
      : `This run gains nothing from a worker count above ${limit}`;
  return [
    `${finding}. Per step, each worker exchanges ${bytes} with the coordinator for ${work} ` +
      `(measured with a worker count of ${poor.workers}). Try ${advice}.`,
  ];
}

/**
 * The number of workers above which the run becomes slower. It is the fastest measured number, if
 * not the largest. Otherwise it is the law's best number, unless that is more than twice the
 * largest.
 */
function gainsUpTo(
  points: readonly SpeedupPoint[],
  bestWorkers: number | null,
): number | undefined {
  const most = points[points.length - 1].workers;
  const fastest = points.toSorted((a, b) => b.throughput.median - a.throughput.median)[0].workers;
  if (fastest < most) return fastest;
  return bestWorkers === null || bestWorkers > 2 * most ? undefined : Math.round(bestWorkers);
}

function difference({ chains }: Report): string[] {
  return chains && !chains.isEqual
    ? [
        'THE PARAMETERS DIFFER with the number of workers. Compare the fingerprints in this ' +
          'report, and do not trust this cluster.',
      ]
    : [];
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;
