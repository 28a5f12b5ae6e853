import { LockstepError } from '../../errors.ts';
import type { TableColumn } from '../manifest.ts';
import { listOf } from './table.ts';

/** Where the columns of training are in another table. */
export interface ColumnMatch {
  /** For each column of training, its place in the other table. */
  readonly places: readonly number[];
  /** The columns of the other table that are not used. */
  readonly unused: readonly { readonly name: string }[];
}

/**
 * Finds the columns of training by their names. Throws a `DATA` error that names those that are
 * missing.
 */
export function matchColumns(
  columns: readonly TableColumn[],
  names: readonly string[],
): ColumnMatch {
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const missing = columns.filter(({ name }) => !placeOf.has(name));
  if (missing.length > 0) throw lacksError(missing, names);
  const places = columns.map(({ name }) => placeOf.get(name) ?? -1);
  const used = new Set(places);
  return { places, unused: names.filter((_, i) => !used.has(i)).map((name) => ({ name })) };
}

function lacksError(missing: readonly TableColumn[], names: readonly string[]): LockstepError {
  return new LockstepError(
    'DATA',
    `it lacks ${missing.length === 1 ? 'the column' : `${missing.length} columns`} of training ` +
      `${listOf(missing)}, and has ${listOf(names.map((name) => ({ name })))}: add them; their ` +
      'cells may be empty',
  );
}
