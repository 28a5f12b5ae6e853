import type { LeftWorker, RunStatus, RunView, WorkerRow } from '../../model/run-view.ts';
import { OTHER_RANKS, type StepBucket, type StepHistory } from '../../steps/step-history.ts';
import { formatBytes, formatCount, formatDuration, formatQuantity } from '../format.ts';
import type { Table } from '../panel/table.ts';

/** How long a worker that has left stays in the table. */
const LEFT_SHOWN_MS = 60_000;
/** A worker is faster than the others if it is so by this factor. */
const FASTER_MIN = 1.15;
/** The title says how the newest steps were shared: one alone changes too often to be read. */
const SHARES_STEPS = 32;

/** "this process", "this machine", or the address. */
const whereIs = ({ place, address }: WorkerRow): string =>
  place === 'network' ? (address ?? 'elsewhere') : `this ${place}`;

/** "node, 2 threads", or "browser Firefox 140, 1 thread, hidden". */
const runtimeOf = ({ runtime, threads, isHidden }: WorkerRow): string =>
  [
    runtime,
    ...(threads === null ? [] : [formatQuantity(threads, 'thread')]),
    ...(isHidden === null ? [] : [isHidden ? 'hidden' : 'visible']),
  ].join(', ');

/** Workers that left in the last minute before the view's time, newest first. */
export const recentlyLeft = ({ status, time }: RunView): LeftWorker[] =>
  (status?.left ?? []).filter(({ leftAt }) => time - leftAt < LEFT_SHOWN_MS);

export function workersTitle({ facts, status, history }: RunView): string {
  if (!status || !facts) return '';
  if (!facts.hasCluster) return 'One process computes everything.';
  const ready = status.workers.filter(({ state }) => state !== 'preparing');
  if (ready.length === 0) return 'No worker is ready; the run waits for one.';
  const all = facts.microBatchCount;
  const compute = status.end ? 'computed' : ready.length === 1 ? 'computes' : 'compute';
  const who = `${formatQuantity(ready.length, 'worker')} ${compute}`;
  if (ready.length === 1) return `${who} each step.`;
  const means = newestShares(history.all());
  const shareOf = ({ rank, microBatches }: WorkerRow): number =>
    Math.round(rank < OTHER_RANKS ? (means.get(rank) ?? 0) : microBatches);
  const byShare = ready.toSorted((a, b) => shareOf(b) - shareOf(a));
  const [most, least] = [shareOf(byShare[0]), shareOf(byShare[ready.length - 1])];
  if (most - least > 1) {
    const does = status.end ? 'did' : 'does';
    const share = `${most} of ${all} micro-batches`;
    return `${who}; rank ${byShare[0].rank} ${does} most: ${share}${reasonFor(byShare)}.`;
  }
  const each = most === least ? `${most}` : `${least} or ${most}`;
  return `${who}; each does ${each} of ${all} micro-batches.`;
}

/** The mean number of micro-batches that a rank gave in the newest steps. */
function newestShares(buckets: readonly StepBucket[]): Map<number, number> {
  const newest = buckets.slice(-SHARES_STEPS);
  const steps = newest.reduce((sum, { from, to }) => sum + to - from, 0);
  const means = new Map<number, number>();
  for (const { shares } of newest)
    for (const [rank, count] of Object.entries(shares))
      means.set(Number(rank), (means.get(Number(rank)) ?? 0) + count / steps);
  return means;
}

/** Why the first one does most, if it is faster than the others. */
function reasonFor([most, ...others]: readonly WorkerRow[]): string {
  const speeds = others.flatMap(({ examplesPerSecond }) => examplesPerSecond ?? []);
  if (most.examplesPerSecond === null || speeds.length === 0) return '';
  const mean = speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
  const ratio = most.examplesPerSecond / mean;
  if (ratio < FASTER_MIN) return '';
  const than = others.length === 1 ? `rank ${others[0].rank}` : 'the others';
  return `, because it is ${ratio.toFixed(1)} times as fast as ${than}`;
}

/** Until when the workers have been here, in ms since 1970. */
const endOf = (status: RunStatus | undefined, history: StepHistory, now: number): number =>
  (status?.end ? history.all().at(-1)?.endedAt : undefined) ?? now;

/** What is known of each worker, after its rank and its name. */
export const workersTable = ({ status, time, history }: RunView): Table => ({
  columns: [
    { name: 'rank' },
    { name: 'name' },
    { name: 'where' },
    { name: 'runtime' },
    { name: 'own examples/s', show: formatCount },
    { name: 'share', unit: 'micro-batches' },
    { name: 'answered', show: formatCount },
    { name: 'late', show: formatCount },
    { name: 'checked', show: formatCount },
    { name: 'sent', unit: 'bytes', show: formatBytes },
    { name: 'received', unit: 'bytes', show: formatBytes },
    { name: 'here for', unit: 's', show: formatDuration },
  ],
  rows: (status?.workers ?? []).map((worker) => [
    worker.rank,
    worker.name,
    whereIs(worker),
    runtimeOf(worker),
    worker.examplesPerSecond,
    worker.microBatches,
    worker.answeredShares,
    worker.lateShares,
    worker.checkedSums,
    ...trafficOf(worker),
    Math.max(0, endOf(status, history, time) - Date.parse(worker.since)) / 1000,
  ]),
});

/** Nothing is sent within a process. */
const trafficOf = ({ place, sentBytes, receivedBytes }: WorkerRow): (number | null)[] =>
  place === 'process' ? [null, null] : [sentBytes, receivedBytes];
