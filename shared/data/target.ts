import type { DatasetManifest, RegressionManifest, TableColumn } from './manifest.ts';

/*
 * What a manifest says, without the means to check it: a page needs no more.
 */

/** Whether the target is a number instead of a class. */
export const isRegression = (manifest: DatasetManifest): manifest is RegressionManifest =>
  'target' in manifest;

/** The names of the classes; none if the target is a number. */
export const classNamesOf = (manifest: DatasetManifest): readonly string[] =>
  isRegression(manifest) ? [] : manifest.classNames;

/** The number of outputs of a model for this dataset: one per class, or one number. */
export const outputCountOf = (manifest: DatasetManifest): number =>
  isRegression(manifest) ? 1 : manifest.classNames.length;

/** The number of inputs that a column of a table became. */
export function columnInputs(column: TableColumn): number {
  if (column.kind === 'text') return column.values.length + 1;
  return column.indicator ? 2 : 1;
}

/** The name of each input of a table, in order: "age", "age missing", "city=Bern", "city=…". */
export const inputNamesOf = (columns: readonly TableColumn[]): string[] =>
  columns.flatMap((column) => {
    const { name } = column;
    if (column.kind === 'text')
      return [...column.values.map((value) => `${name}=${value}`), `${name}=other`];
    return column.indicator ? [name, `${name} missing`] : [name];
  });

/** "10 classes", "a number as target" */
export const describeTarget = (manifest: DatasetManifest): string =>
  isRegression(manifest) ? 'a number as target' : `${manifest.classNames.length} classes`;

/** A standardized target or an output in the unit of the target. */
export const inUnit = ({ target }: RegressionManifest, standardized: number): number =>
  standardized * target.deviation + target.mean;

/** The variance of targets about their own mean. */
export function varianceOf(targets: ArrayLike<number>, indices?: Uint32Array): number {
  const count = indices?.length ?? targets.length;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    const target = targets[indices ? indices[i] : i];
    sum += target;
    squares += target * target;
  }
  const mean = sum / count;
  return Math.max(0, squares / count - mean * mean);
}
