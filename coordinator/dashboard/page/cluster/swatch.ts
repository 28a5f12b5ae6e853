import { html, type TemplateResult } from 'lit-html';

/** A square of a color, before the name of what has this color. */
export const swatch = (color: string): TemplateResult =>
  html`<svg class="swatch" aria-hidden="true"><rect fill=${color} /></svg>`;
