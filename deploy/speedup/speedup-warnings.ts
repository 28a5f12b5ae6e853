import { formatMegabytes } from '../../shared/format.ts';
import type { SpeedupPoint, SpeedupReport } from './speedup-report.ts';

/** A quartile so far from the other, as a part of the median, is noise. */
const NOISE_MAX = 0.1;
const BUSY_MIN = 0.9;
const THROTTLED_MIN = 0.02;
/** Below this part of a step, computing cannot carry a speedup. */
const COMPUTE_PART_MIN = 0.6;

/** What would flatter or deceive whoever reads the numbers alone, a sentence or two each. */
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
    'These workers are simulated: they wait where workers compute. This measures the coordinator and the wire, and trains nothing.',
  ];
}

function baseline({ points: [{ workers }] }: Report): string[] {
  if (workers === 1) return [];
  return [`One worker was not measured: ${workers} count as ${workers} times as fast. Add 1 to --workers.`];
}

function crowding({ points, machine: { cores }, quota, isSimulated }: Report): string[] {
  if (isSimulated) return [];
  const most = points[points.length - 1];
  if (quota === null) {
    if (most.workers < cores) return [];
    return [
      `${most.workers} workers and the coordinator share ${cores} cores without a quota: from ${cores} workers on this ` +
        'measures how the machine is shared, not how the cluster scales. Try --launcher compose --cpus 0.2.',
    ];
  }
  return points.flatMap(({ workers, coordinator, workerCores }) => {
    const used = coordinator.cores + workerCores;
    if (used < BUSY_MIN * cores) return [];
    return [
      `N = ${workers}: workers and coordinator together used ${used.toFixed(2)} of ${cores} cores; with more cores they might have been faster.`,
    ];
  });
}

function throttling({ points, quota }: Report): string[] {
  const coordinator = points.filter((point) => point.coordinator.throttled > THROTTLED_MIN);
  const warnings = coordinator.map(
    ({ workers, coordinator: { throttled } }) =>
      `N = ${workers}: a quota stopped the coordinator for ${percent(throttled)} of the time; raise COORDINATOR_CPUS.`,
  );
  const stopped = points.filter(({ workerThrottled }) => workerThrottled > THROTTLED_MIN);
  if (quota !== null && stopped.length > 0) {
    const parts = stopped.map(
      ({ workers, workerThrottled }) => `${percent(workerThrottled)} (N = ${workers})`,
    );
    warnings.push(
      `The quota of ${quota} cores stopped each worker for ${parts.join(', ')} of the time, as it should: a worker here is ${quota} of a core, in slices.`,
    );
  }
  return warnings;
}

function noise({ points }: Report): string[] {
  return points.flatMap(({ workers, throughput: { median, q1, q3 } }) => {
    const width = (q3 - q1) / median;
    if (width <= NOISE_MAX) return [];
    return [
      `N = ${workers}: the quartiles are ${percent(width)} of the median apart. Something else uses this machine; measure longer (--seconds, --rounds) or later.`,
    ];
  });
}

function superlinear({ points }: Report): string[] {
  return points.flatMap(({ workers, efficiency }) => {
    if (efficiency <= 1.05) return [];
    return [
      `N = ${workers}: ${percent(efficiency)} efficiency is more than there is to gain: the fewest workers were slower than they should be, by chance or because a quota cuts their work into more slices.`,
    ];
  });
}

function granularity({ points, run: { microBatchCount, globalBatch } }: Report): string[] {
  return points.flatMap(({ workers }) => {
    const largest = Math.ceil(microBatchCount / workers);
    const atMost = microBatchCount / largest;
    if (atMost > 0.99 * workers) return [];
    return [
      `N = ${workers}: ${microBatchCount} micro-batches (of a global batch of ${globalBatch}) do not divide evenly, so that the speedup is at most ${atMost.toFixed(2)}; try --micro-batches ${workers * Math.ceil(microBatchCount / workers)}.`,
    ];
  });
}

function communication({ points, run, law, isSimulated }: Report): string[] {
  const poor = points.find(
    ({ breakdown, stepMs }) => breakdown && breakdown.compute < COMPUTE_PART_MIN * stepMs,
  );
  if (isSimulated || !poor?.breakdown) return [];
  const work = `${poor.breakdown.compute.toFixed(1)} ms of work`;
  const bytes = formatMegabytes(poor.bytesPerStep / poor.workers);
  const advice = `a larger --global-batch than ${run.globalBatch}, or a model with more work a parameter, such as cnn`;
  const limit = gainsUpTo(points, law.bestWorkers);
  const finding =
    limit === undefined
      ? `N = ${poor.workers}: computing is ${percent(poor.breakdown.compute / poor.stepMs)} of a step`
      : `This model cannot gain from more than N* = ${limit} workers here`;
  return [
    `${finding}: each sends and gets ${bytes} a step for ${work} (N = ${poor.workers}). Try ${advice}.`,
  ];
}

/** From how many workers on it gets slower: as measured, or else as the law has it, if that is not far away. */
function gainsUpTo(points: readonly SpeedupPoint[], bestWorkers: number | null): number | undefined {
  const most = points[points.length - 1].workers;
  const fastest = points.toSorted((a, b) => b.throughput.median - a.throughput.median)[0].workers;
  if (fastest < most) return fastest;
  return bestWorkers === null || bestWorkers > 2 * most ? undefined : Math.round(bestWorkers);
}

function difference({ chains }: Report): string[] {
  return chains && !chains.isEqual
    ? ['THE PARAMETERS DIFFER: see the fingerprints below. Do not trust this cluster.']
    : [];
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;
