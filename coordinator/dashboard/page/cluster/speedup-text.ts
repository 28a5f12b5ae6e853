import type { RunView } from '../../model/run-view.ts';
import { throughputAt } from '../../speed/scaling-law.ts';
import type { SpeedSummary } from '../../speed/speed-summary.ts';
import type { Point } from '../chart/line-path.ts';
import { formatCount, formatQuantity } from '../format.ts';
import type { Table } from '../panel/table.ts';

/** The chart shows so much more than the largest measured number of workers. */
const BEYOND = 1.5;
const CURVE_POINTS = 32;

export function speedupTitle({ facts, status, speedup }: RunView): string {
  if (facts?.hasCluster === false)
    return 'One process trains alone, so there is no speedup to show.';
  if (!speedup)
    return 'No speed is known yet: the first steps with a number of workers do not count.';
  const base = speedup.measured[speedup.base];
  const others = speedup.measured.filter((each) => each !== base);
  const now = others.find(({ workers }) => workers === status?.worldSize);
  const shown = now ?? others.findLast(({ isDoubtful }) => !isDoubtful) ?? others.at(-1);
  const { workers, examplesPerSecond } = shown ?? base;
  const speed = `${formatCount(examplesPerSecond)} examples/s on average`;
  const who = formatQuantity(workers, 'worker');
  if (!shown) return `The speed is ${speed} with ${who}; no other number has been seen.`;
  const ratio = (examplesPerSecond / base.examplesPerSecond).toFixed(1);
  const verb = workers === 1 ? 'is' : 'are';
  return `${who} ${verb} ${ratio} times as fast as ${base.workers}: ${speed}.`;
}

/** What to do to get the next point, and whether the command for it follows. */
export function nextPoint({
  facts,
  status,
}: Pick<RunView, 'facts' | 'status'>): { text: string; hasCommand: boolean } | undefined {
  // The port of a recorded run takes no workers.
  if (!facts?.hasCluster || facts.isRecorded || !status || status.end) return undefined;
  const { microBatchCount } = facts;
  const batches = formatQuantity(microBatchCount, 'micro-batch', 'micro-batches');
  return status.worldSize < microBatchCount
    ? { text: 'Start another worker to get the next point:', hasCommand: true }
    : {
        text: `A step has ${batches}, so no more workers get work.`,
        hasCommand: false,
      };
}

/** The chart from 0 to `to` workers and `top` examples/s, with its lines and points. */
export function speedupSeries({ measured, base, law }: SpeedSummary): {
  readonly to: number;
  readonly top: number;
  readonly ideal: Point[];
  readonly law: Point[];
  readonly sure: Point[];
  readonly doubtful: Point[];
} {
  const [first, last] = [measured[0].workers, measured[measured.length - 1].workers];
  const to = Math.max(last + 1, Math.round(BEYOND * last));
  const { workers, examplesPerSecond } = measured[base];
  const idealEnd = (examplesPerSecond / workers) * to;
  const curve = Array.from({ length: law ? CURVE_POINTS + 1 : 0 }, (_, i) => {
    const n = first + ((to - first) * i) / CURVE_POINTS;
    return [n, law ? throughputAt(law, n) : 0] as const;
  });
  const pointsOf = (isWanted: boolean) =>
    measured
      .filter(({ isDoubtful }) => isDoubtful === isWanted)
      .map(({ workers, examplesPerSecond }): Point => [workers, examplesPerSecond]);
  const [sure, doubtful] = [pointsOf(false), pointsOf(true)];
  const speeds = [...curve, ...sure, ...doubtful].map(([, speed]) => speed);
  const ideal: Point[] = [
    [0, 0],
    [to, idealEnd],
  ];
  return { to, top: 1.05 * Math.max(idealEnd, ...speeds), ideal, law: curve, sure, doubtful };
}

export function speedupTable({ speedup }: RunView): Table {
  const { measured = [], base = 0 } = speedup ?? {};
  return {
    columns: [
      { name: 'workers' },
      { name: 'steps' },
      { name: 'examples/s', show: formatCount },
      { name: 'speedup', show: (ratio) => ratio.toFixed(2) },
    ],
    rows: measured.map(({ workers, steps, examplesPerSecond }) => [
      workers,
      steps,
      examplesPerSecond,
      examplesPerSecond / measured[base].examplesPerSecond,
    ]),
  };
}
