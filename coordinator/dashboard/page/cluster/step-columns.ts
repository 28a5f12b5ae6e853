import type { StepBucket } from '../../steps/step-history.ts';

/** The columns of a chart over steps, each with one value a row. */
export interface StepColumn {
  /** The steps of the column: from the first one to that after the last one. */
  readonly from: number;
  readonly to: number;
  readonly values: Float64Array;
}

export type StepsShown = 'all' | 'newest';
/** So many steps are the newest ones. They are known one by one. */
export const NEWEST_STEPS = 256;

/** The buckets that a chart shows. */
export function shownBuckets(buckets: readonly StepBucket[], shown: StepsShown): StepBucket[] {
  const end = buckets.at(-1)?.to ?? 0;
  return buckets.filter(({ to }) => shown === 'all' || to > end - NEWEST_STEPS);
}

/**
 * Adds buckets up into columns of about equally many steps: at most `columnsMax`, or a few more.
 * `addTo` adds the values of a bucket to those of a column.
 */
export function columnsOf(
  buckets: readonly StepBucket[],
  columnsMax: number,
  rowCount: number,
  addTo: (values: Float64Array, bucket: StepBucket) => void,
): StepColumn[] {
  const [first, last] = [buckets.at(0), buckets.at(-1)];
  if (!first || !last) return [];
  const columnSteps = Math.max(1, Math.ceil((last.to - first.from) / Math.max(1, columnsMax)));
  const placeOf = ({ from }: { from: number }): number => Math.floor(from / columnSteps);
  const columns: { from: number; to: number; values: Float64Array }[] = [];
  for (const bucket of buckets) {
    const column = columns.at(-1);
    if (column && placeOf(column) === placeOf(bucket)) {
      column.to = bucket.to;
      addTo(column.values, bucket);
    } else {
      const values = new Float64Array(rowCount);
      addTo(values, bucket);
      columns.push({ from: bucket.from, to: bucket.to, values });
    }
  }
  return columns;
}
