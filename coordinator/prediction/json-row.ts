import * as z from 'zod';
import { valueIn } from '../../shared/data/tables/cells.ts';
import { createRowEncoder } from '../../shared/data/tables/encode-row.ts';
import { matchColumns } from '../../shared/data/tables/match-columns.ts';
import { LockstepError } from '../../shared/errors.ts';
import { describeIssue } from '../../shared/validation.ts';
import { plainColumns, type RowInput } from './read-rows.ts';

const Cell = z.union([z.number(), z.string(), z.null()]);
const Row = z.strictObject({ row: z.union([z.record(z.string(), Cell), z.array(Cell)]) });

/**
 * Creates the function that makes inputs of {"row": {"age": 3, "city": "Bern"}}, or of an array
 * with the cells of the columns of training in order. A missing cell is null. It throws a `DATA`
 * error.
 */
export function createRowReader({
  inputCount,
  columns,
}: RowInput): (json: unknown) => Float32Array {
  const used = columns ?? plainColumns(inputCount);
  const { encode } = createRowEncoder(used);
  return (json) => {
    const result = Row.safeParse(json);
    if (!result.success)
      throw new LockstepError(
        'DATA',
        `${describeIssue(result.error, json)}: send {"row": {"${used[0].name}": …}}`,
      );
    const cells = cellsOf(result.data.row);
    const values = used.map((column, i) =>
      valueIn(String(cells[i] ?? ''), column, false, `column ${column.name}`),
    );
    const inputs = new Float32Array(inputCount);
    encode(values, inputs, 0);
    return inputs;
  };

  function cellsOf(row: z.infer<typeof Row>['row']) {
    if (!Array.isArray(row)) {
      const { places } = matchColumns(used, Object.keys(row));
      const cells = Object.values(row);
      return places.map((place) => cells[place]);
    }
    if (row.length === used.length) return row;
    throw new LockstepError(
      'DATA',
      `row has ${row.length} cells: send ${used.length}, or {"row": {"${used[0].name}": …}}`,
    );
  }
}
