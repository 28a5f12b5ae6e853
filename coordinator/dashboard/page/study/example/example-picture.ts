import { html, nothing, type TemplateResult } from 'lit-html';
import { drawing } from '../../drawing/canvas.ts';
import { formatCount } from '../../format.ts';
import { drawImage } from '../image.ts';
import type { Study } from '../study.ts';
import { rowOf } from './table-row.ts';

/** So many columns of a table are shown. */
const COLUMNS_MAX = 24;

/** The chosen example, large: its picture, or its row of a table. */
export function examplePicture(study: Study): TemplateResult {
  const { studies, chosen } = study;
  const { set, index } = chosen;
  const { model, dataset } = studies.opened?.config ?? {};
  const example = studies.example(set, index);
  if (dataset?.columns) return exampleRow(rowOf(dataset.columns, example?.inputs ?? []));
  return html`<canvas
    class="example-picture"
    role="img"
    aria-label="The picture of ${set} example ${index}"
    ${drawing((context, width, height) => {
      if (example && model) drawImage(context, example.inputs, model.input, width, height);
    })}
  ></canvas>`;
}

function exampleRow(row: readonly (readonly [name: string, text: string])[]): TemplateResult {
  const more = row.length - COLUMNS_MAX;
  return html`<table class="example-row" aria-label="The row of this example">
    <tbody>
      ${row.slice(0, COLUMNS_MAX).map(
        ([name, text]) => html`<tr>
          <th scope="row">${name}</th>
          <td>${text}</td>
        </tr>`,
      )}
      ${
        more > 0
          ? html`<tr>
              <td colspan="2">and ${formatCount(more)} more</td>
            </tr>`
          : nothing
      }
    </tbody>
  </table>`;
}
