import { html, nothing, type TemplateResult } from 'lit-html';
import type { RunView } from '../../model/run-view.ts';
import type { Ui } from '../ui.ts';
import { unbroken } from '../unbroken.ts';
import { csvOf, type Table } from './table.ts';

/** One view of the dashboard, as a function of the run's state. */
export interface Panel {
  /** For the address and for the tests. */
  readonly id: string;
  /** What the panel is, in two or three words. */
  readonly name: string;
  /** A sentence about what it shows now. */
  readonly title: (view: RunView, ui: Ui) => string;
  readonly body: (view: RunView, ui: Ui) => TemplateResult;
  /** The same numbers as a table. Undefined if the panel is one already. */
  readonly table?: ((view: RunView, ui: Ui) => Table) | undefined;
  /** A second table, with its name for the button and the file. */
  readonly secondTable?: {
    readonly name: string;
    readonly table: (view: RunView, ui: Ui) => Table;
  };
  /** Whether it takes the whole width. */
  readonly isWide?: boolean;
  /** Whether it is of no use for a recorded run. */
  readonly isOnlyLive?: boolean;
}

export function showPanel(panel: Panel, view: RunView, ui: Ui): TemplateResult {
  const { id, name, isWide } = panel;
  const kind = isWide ? 'panel wide' : 'panel';
  return html`<section id=${id} class=${kind} aria-labelledby="${id}-name">
    <header>
      <p class="kind" id="${id}-name">${name}</p>
      <h2 id="${id}-title">${unbroken(panel.title(view, ui))}</h2>
    </header>
    ${panel.body(view, ui)} ${panel.table ? tablesOf(panel, panel.table, view, ui) : nothing}
  </section>`;
}

function tablesOf(
  { id, name, secondTable }: Panel,
  table: (view: RunView, ui: Ui) => Table,
  view: RunView,
  ui: Ui,
): TemplateResult {
  const isOpen = ui.choices.openTables.has(id);
  const toggle = () => {
    const openTables = new Set(ui.choices.openTables);
    if (!openTables.delete(id)) openTables.add(id);
    ui.change({ openTables });
  };
  const all = [
    { name, table, file: id, button: 'CSV' },
    ...(secondTable
      ? [
          {
            ...secondTable,
            file: `${id}-${secondTable.name}`,
            button: `${secondTable.name} as CSV`,
          },
        ]
      : []),
  ];
  return html`<footer>
      <button class="quiet" aria-expanded=${isOpen} @click=${toggle}>Table</button>
      ${all.map(
        ({ name, table, file, button }) => html`<button
          class="quiet"
          @click=${() => saveFile(`${file}.csv`, csvOf(table(view, ui)))}
          aria-label="Save ${name} as CSV"
        >
          ${button}
        </button>`,
      )}
    </footer>
    ${isOpen ? all.map(({ name, table }) => showTable(table(view, ui), name)) : nothing}`;
}

/** Rows of a table that the page shows. The CSV has all of them. */
const ROWS_MAX = 200;

/** The newest rows of a table. */
export function showTable(table: Table, name: string): TemplateResult {
  const { columns, rows } = table;
  const hidden = rows.length - ROWS_MAX;
  const head = columns.map(({ name, unit }) => (unit ? `${name} (${unit})` : name));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}, table">
    <table>
      <thead>
        <tr>
          ${head.map((text) => html`<th scope="col">${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(-ROWS_MAX).map((row) => html`<tr>${cellsOf(row, columns)}</tr>`)}
      </tbody>
    </table>
    ${hidden > 0 ? html`<p>${hidden} earlier rows are in the CSV.</p>` : nothing}
  </div>`;
}

const cellsOf = (row: Table['rows'][number], columns: Table['columns']): TemplateResult[] =>
  row.map((cell, i) => html`<td>${showCell(cell, columns[i].show)}</td>`);

/** How the page shows a cell. */
export const showCell = (
  cell: Table['rows'][number][number],
  show?: (value: number) => string,
): string =>
  cell === null ? '–' : typeof cell === 'number' ? (show?.(cell) ?? String(cell)) : cell;

/** Lets the browser save a text as a file. */
function saveFile(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  link.download = `lockstep-${name}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
