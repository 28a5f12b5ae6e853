/** The numbers of a panel. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export interface Column {
  readonly name: string;
  readonly unit?: string;
  /** How the page shows a number. The CSV has it in full. */
  readonly show?: (value: number) => string;
}

/** A column, and how its cell follows from a row's subject. */
export type CellOf<Row> = readonly [
  column: Column | string,
  cellOf: (row: Row) => string | number | null,
  show?: (value: number) => string,
];

/** A table with a row for each subject. */
export function tableFrom<Row>(subjects: readonly Row[], cells: readonly CellOf<Row>[]): Table {
  return {
    columns: cells.map(([column, , show]) => ({
      ...(typeof column === 'string' ? { name: column } : column),
      ...(show && { show }),
    })),
    rows: subjects.map((subject) => cells.map(([, cellOf]) => cellOf(subject))),
  };
}

/** A table as CSV (RFC 4180), numbers in full. */
export function csvOf({ columns, rows }: Table): string {
  const header = columns.map(({ name, unit }) => (unit ? `${name} (${unit})` : name));
  return [header, ...rows].map((row) => `${row.map(csvCell).join()}\r\n`).join('');
}

/** Spreadsheets take a text that begins so for a formula, and run it. A name may be anything. */
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(cell: string | number | null): string {
  const raw = cell === null ? '' : String(cell);
  const text = typeof cell === 'string' && FORMULA.test(cell) ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
