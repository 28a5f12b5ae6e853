import type { RunView } from '../../model/run-view.ts';
import { OTHER_RANKS, type StepBucket } from '../../steps/step-history.ts';
import { formatQuantity } from '../format.ts';
import type { Table } from '../panel/table.ts';

/** The rows of the ribbon: the ranks, those that are counted together, the coordinator. */
export const SHARE_ROWS = OTHER_RANKS + 2;
const COORDINATOR_ROW = OTHER_RANKS + 1;

/** The row of a rank of a bucket's shares; -1: the coordinator. */
const rowOf = (rank: string): number =>
  rank === '-1' ? COORDINATOR_ROW : Math.min(Number(rank), OTHER_RANKS);

/** The rank of a row; null: the coordinator; undefined: several ranks. */
export const rankOfRow = (row: number): number | null | undefined =>
  row === COORDINATOR_ROW ? null : row === OTHER_RANKS ? undefined : row;

/** "rank 3", "others", "coordinator". */
export function nameOfRow(row: number): string {
  const rank = rankOfRow(row);
  return rank === undefined ? 'others' : rank === null ? 'coordinator' : `rank ${rank}`;
}

/** Adds the micro-batches that each row has given. */
export function addShares(values: Float64Array, { shares }: StepBucket): void {
  for (const rank in shares) values[rowOf(rank)] += shares[rank];
}

/** Makes the values of a column parts of their sum. */
export function toParts(values: Float64Array): void {
  const sum = values.reduce((all, value) => all + value, 0);
  if (sum > 0) for (let row = 0; row < values.length; row++) values[row] /= sum;
}

/** The kinds of incidents that change who computes. */
const MEMBERSHIP: ReadonlySet<string> = new Set(['joined', 'left', 'lost', 'expelled']);

export const membershipOf = ({ incidents }: Pick<RunView, 'incidents'>) =>
  incidents.filter(({ kind }) => MEMBERSHIP.has(kind));

export function sharesTitle(view: RunView): string {
  const { facts, status, history } = view;
  if (facts?.hasCluster === false) return 'One process computes all micro-batches.';
  const [first] = history.all();
  if (!first) return 'No step is done yet.';
  const last = membershipOf(view).at(-1);
  if (last && last.step > first.from) return `At step ${last.step}, ${last.message}.`;
  const workers = formatQuantity(status?.worldSize ?? 0, 'worker');
  return status?.worldSize === 1
    ? 'One worker computes all micro-batches.'
    : `The micro-batches of each step are divided among ${workers}.`;
}

/** The micro-batches of each rank in each bucket. */
export function sharesTable({ history }: RunView): Table {
  const buckets = history.all();
  const rows = buckets.map((bucket) => {
    const values = new Float64Array(SHARE_ROWS);
    addShares(values, bucket);
    return values;
  });
  const used = Array.from({ length: SHARE_ROWS }, (_, row) => row).filter((row) =>
    rows.some((values) => values[row] > 0),
  );
  return {
    columns: [
      { name: 'from step' },
      { name: 'to step' },
      ...used.map((row) => ({ name: nameOfRow(row), unit: 'micro-batches' })),
    ],
    rows: rows.map((values, i) => [
      buckets[i].from,
      buckets[i].to - 1,
      ...used.map((row) => values[row]),
    ]),
  };
}
