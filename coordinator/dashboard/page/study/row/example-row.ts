import type { StudySet } from '../../../../study/study-answer.ts';
import type { Study } from '../study.ts';
import { type NamedValue, rowOf } from './row-cells.ts';

/** The columns of an example with their values. Undefined if it is no row, or not here yet. */
export function exampleRow(
  { studies }: Study,
  set: StudySet,
  index: number,
): readonly NamedValue[] | undefined {
  const columns = studies.opened?.config.dataset.columns;
  const example = studies.example(set, index);
  return columns && example && rowOf(columns, example.inputs);
}
