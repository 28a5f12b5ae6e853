import { html, type TemplateResult } from 'lit-html';

/** What a line is not broken within. */
const PARTS = [
  /--[a-z][a-z-]*/,
  /∂L\/∂\w+/,
  /\d+ × [\w-]+/,
  /\b(?:rank|step|epoch) \d+(?:,\d+)*/,
  /\d[\d.,]* (?:%|[kMGT]?B|ms|s|min|h|times)(?!\w)/,
];
const WHOLE = new RegExp(`(${PARTS.map(({ source }) => source).join('|')})`);

/** A sentence whose numbers stay with their units, where there is no room for all of it. */
export const unbroken = (text: string): (string | TemplateResult)[] =>
  text
    .split(WHOLE)
    .map((part, i) => (i % 2 === 0 ? part : html`<span class="whole">${part}</span>`));
