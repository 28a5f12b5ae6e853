import { html, type TemplateResult } from 'lit-html';

/** A number with its unit or thing, a flag, or a derivative: a line is not broken within them. */
const WHOLE =
  /(--[a-z][a-z-]*|∂L\/∂\w+|\d+ × [\w-]+|\d[\d.,]* (?:%|[kMGT]?B|ms|s|min|h|times)(?![\w]))/;

/** A sentence whose numbers stay with their units, where there is no room for all of it. */
export const unbroken = (text: string): (string | TemplateResult)[] =>
  text
    .split(WHOLE)
    .map((part, i) => (i % 2 === 0 ? part : html`<span class="whole">${part}</span>`));
