import { html, nothing, type TemplateResult } from 'lit-html';
import type { StudySet } from '../../../../study/study-answer.ts';
import { drawing } from '../../drawing/canvas.ts';
import { unbroken } from '../../unbroken.ts';
import { drawImage } from '../image.ts';
import { exampleRow } from '../row/example-row.ts';
import type { Study } from '../study.ts';

/** An example, and what is written below its picture. */
export interface Pictured {
  readonly set: StudySet;
  readonly index: number;
  readonly lines: readonly string[];
}

/** So many columns of a row are shown. */
const COLUMNS_SHOWN = 5;

/** Pictures of examples. A click studies one. */
export function examplePictures(study: Study, all: readonly Pictured[]): TemplateResult {
  return html`<ul class="pictures">
    ${all.map((each) => html`<li>${pictureOf(study, each)}</li>`)}
  </ul>`;
}

function pictureOf(study: Study, { set, index, lines }: Pictured): TemplateResult {
  const { studies, chosen, choose } = study;
  const shape = studies.opened?.plan.spec.input;
  const example = studies.example(set, index);
  const row = exampleRow(study, set, index);
  const isChosen = chosen.set === set && chosen.index === index;
  return html`<button
    aria-pressed=${isChosen}
    data-index=${index}
    @click=${() => choose({ set, index })}
  >
    ${
      row
        ? row.slice(0, COLUMNS_SHOWN).map(({ name, value }) => html`<span>${name} ${value}</span>`)
        : html`<canvas
            aria-hidden="true"
            ${drawing((context, width, height) => {
              if (example && shape) drawImage(context, example.inputs, shape, width, height);
            })}
          ></canvas>`
    }
    <span class="quiet">${set} ${index}${isChosen ? ', studied' : nothing}</span>
    ${lines.map((line) => html`<span>${unbroken(line)}</span>`)}
  </button>`;
}
