import { html, nothing, type TemplateResult } from 'lit-html';
import type { LeftWorker } from '../../model/run-view.ts';
import { colorOf } from '../drawing/colors.ts';
import { formatTime } from '../format.ts';
import { type Panel, showCell } from '../panel/panel.ts';
import { swatch } from './swatch.ts';
import { recentlyLeft, workersTable, workersTitle } from './workers-text.ts';

/** What is said of a state: one that is usual is not worth a word. */
const STATES: Readonly<Record<string, string>> = {
  preparing: 'gets ready',
  late: 'late',
  leaving: 'leaves',
};

/** The workers that are here now, and those that have left a moment ago. */
export const workers: Panel = {
  id: 'workers',
  name: 'Workers',
  isWide: true,
  title: workersTitle,
  body(view) {
    const { columns, rows } = workersTable(view);
    const left = recentlyLeft(view);
    if (rows.length + left.length === 0) return html``;
    const [, , ...names] = columns;
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Workers, one per row">
      <table>
        <thead>
          <tr>
            <th scope="col">worker</th>
            ${names.map(({ name }) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(([, , ...cells], i) => {
            const { rank, name, state } = view.status?.workers[i] ?? NOBODY;
            return html`<tr>
              <th scope="row">
                ${swatch(colorOf(rank))} ${rank} <bdi title=${name}>${name}</bdi>
                ${state in STATES ? html`<em>${STATES[state]}</em>` : nothing}
              </th>
              ${cells.map((cell, j) => html`<td>${showCell(cell, names[j].show)}</td>`)}
            </tr>`;
          })}
          ${left.map((worker) => rowOfLeft(worker, names.length))}
        </tbody>
      </table>
    </div>`;
  },
  table: workersTable,
};

const NOBODY = { rank: 0, name: '', state: '' };

const rowOfLeft = (
  { rank, name, reason, leftAt }: LeftWorker,
  columnCount: number,
): TemplateResult =>
  html`<tr class="left">
    <th scope="row"><s>${swatch(colorOf(rank))} ${rank} <bdi title=${name}>${name}</bdi></s></th>
    <td colspan=${columnCount}>left at ${formatTime(leftAt)}: <bdi>${reason}</bdi></td>
  </tr>`;
