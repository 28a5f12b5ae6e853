import { html, type TemplateResult } from 'lit-html';
import { drawing } from '../../drawing/canvas.ts';
import { drawImage } from '../image.ts';
import type { Study } from '../study.ts';

/** The chosen example, large. */
export function examplePicture({ studies, chosen: { set, index } }: Study): TemplateResult {
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
