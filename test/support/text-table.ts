import { buildTable, type TextTable } from '../../shared/data/tables/build-table.ts';
import type { Column, Table } from '../../shared/data/tables/table.ts';

/** A table of text from its rows, the first of which has the names. */
export function textTable(rows: readonly (readonly string[])[], allowsComma = false): TextTable {
  const [names, ...others] = rows;
  return {
    names,
    allowsComma,
    async *rows() {
      for (const [i, cells] of others.entries()) yield { cells, line: i + 2 };
    },
  };
}

/** The table that is read from these rows, and what was noted. */
export async function tableOf(
  rows: readonly (readonly string[])[],
  allowsComma = false,
): Promise<Table & { readonly notes: string[] }> {
  const notes: string[] = [];
  const table = await buildTable(textTable(rows, allowsComma), (line) => notes.push(line));
  return { ...table, notes };
}

/** A column of numbers. */
export const numbers = (name: string, ...values: number[]): Column => ({
  name,
  kind: 'number',
  values: Float64Array.from(values),
});
