import { html, nothing, type TemplateResult } from 'lit-html';
import { drawing } from '../../drawing/canvas.ts';
import { drawImage } from '../image.ts';
import { exampleRow } from '../row/example-row.ts';
import type { NamedValue } from '../row/row-cells.ts';
import type { Study } from '../study.ts';

/** So many columns of a row are shown. */
const COLUMNS_SHOWN = 12;

/** The chosen example, large: its picture, or the values of its columns. */
export function examplePicture(study: Study): TemplateResult {
  const { studies, chosen } = study;
  const { set, index } = chosen;
  const row = exampleRow(study, set, index);
  if (row) return rowTable(row);
  const shape = studies.opened?.config.model.input;
  const example = studies.example(set, index);
  return html`<canvas
    class="example-picture"
    role="img"
    aria-label="The picture of ${set} example ${index}"
    ${drawing((context, width, height) => {
      if (example && shape) drawImage(context, example.inputs, shape, width, height);
    })}
  ></canvas>`;
}

function rowTable(row: readonly NamedValue[]): TemplateResult {
  const left = row.length - COLUMNS_SHOWN;
  return html`<table class="example-row">
    <tbody>
      ${row.slice(0, COLUMNS_SHOWN).map(
        ({ name, value }) => html`<tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>`,
      )}
    </tbody>
    ${left > 0 ? html`<caption>and ${left} more columns</caption>` : nothing}
  </table>`;
}
