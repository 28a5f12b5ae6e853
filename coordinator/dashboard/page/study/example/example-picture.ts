import { html, type TemplateResult } from 'lit-html';
import { strokeRect } from '../../drawing/brush.ts';
import { drawing } from '../../drawing/canvas.ts';
import type { Study } from '../study.ts';
import { mosaicOf, placeMosaic } from './mosaic.ts';
import { paintValues } from './paint-values.ts';

/** The picture that was drawn last, by the name of the example. */
let drawn: { readonly name: string; readonly values: Float32Array } | undefined;

/** The pixels of the chosen example in [0, 1]; undefined until they are loaded. */
function pixelsOf({ studies, chosen: { set, index } }: Study): Float32Array | undefined {
  const name = `${set} ${index}`;
  if (drawn?.name === name) return drawn.values;
  const example = studies.example(set, index);
  if (!example) return undefined;
  const values = Float32Array.from(example.pixels, (byte) => byte / 255);
  drawn = { name, values };
  return values;
}

/** The chosen example, large. */
export function examplePicture(study: Study): TemplateResult {
  const shape = study.studies.opened?.config.model.input;
  const values = shape && pixelsOf(study);
  const { set, index } = study.chosen;
  return html`<canvas
    class="example-picture"
    role="img"
    aria-label="The picture of ${set} example ${index}"
    ${drawing((context, width, height) => {
      if (!values) return;
      const mosaic = mosaicOf(shape);
      const place = placeMosaic(mosaic, { x: 0, y: 0, width, height });
      paintValues(context, values, mosaic, place, 'brightness');
      strokeRect(context, '--line', place, 1);
    })}
  ></canvas>`;
}
