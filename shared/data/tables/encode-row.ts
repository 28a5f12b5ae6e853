import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import type { TableColumn } from '../manifest.ts';
import { columnInputs } from '../target.ts';

/** Writes the inputs of a row to `target` from `offset` on. `values`: one for each column. */
export type EncodeRow = (
  values: readonly (number | string | undefined)[],
  target: Float32Array,
  offset: number,
) => void;

/**
 * Creates the function that makes a row's inputs. Training and predictions use the same one. It
 * throws a `DATA` error if a number is too large.
 */
export function createRowEncoder(columns: readonly TableColumn[]): {
  readonly inputCount: number;
  readonly encode: EncodeRow;
} {
  const places = columns.map((column) =>
    column.kind === 'text' ? new Map(column.values.map((value, i) => [value, i])) : undefined,
  );
  const widths = columns.map(columnInputs);
  return {
    inputCount: widths.reduce((sum, width) => sum + width, 0),
    encode(values, target, offset) {
      let at = offset;
      for (const [i, column] of columns.entries()) {
        const value = values[i];
        target.fill(0, at, at + widths[i]);
        if (column.kind === 'text') {
          const place = value === undefined ? undefined : places[i]?.get(String(value));
          target[at + (place ?? widths[i] - 1)] = 1;
        } else if (value !== undefined) target[at] = standardized(Number(value), column);
        else if (column.indicator) target[at + 1] = 1;
        at += widths[i];
      }
    },
  };
}

type Measured = Exclude<TableColumn, { kind: 'text' }>;

function standardized(value: number, { name, mean, deviation }: Measured): number {
  const result = Math.fround((value - mean) / deviation);
  if (Number.isFinite(result)) return result;
  throw new LockstepError(
    'DATA',
    `column ${printable(name)}: ${value} is too far from the mean of the training rows, ${mean}.`,
  );
}
