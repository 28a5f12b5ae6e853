import { readdirSync, readFileSync } from 'node:fs';
import { parseAst } from 'vite';
import { expect, test } from 'vitest';
import { collapse, textsIn } from '../../../../coordinator/dashboard/template-spaces.ts';

const collapsed = (code: string): string =>
  collapse(
    code,
    textsIn(parseAst(code, { lang: 'ts' }) as unknown as Parameters<typeof textsIn>[0]),
  );

test('a line break in a template of the page is one space, also in a template within it', () => {
  const code =
    'const page = html`<p>\n  one\n\n  two @{list.map((a: A) => svg`<g>\n</g>`)}\n</p>`;';
  expect(collapsed(code.replace('@', '$'))).toBe(
    'const page = html`<p> one two @{list.map((a: A) => svg`<g> </g>`)} </p>`;'.replace('@', '$'),
  );
});

test('all other code stays: other templates, texts, expressions and spaces in a line', () => {
  const code = 'f(`a\n b`, other`a\n b`, "html`a", html`<a  b>@{\n  c\n}`);'.replace('@', '$');
  expect(collapsed(code)).toBe(code);
});

test('the page has no element whose line breaks are seen', () => {
  const page = new URL('../../../../coordinator/dashboard/page/', import.meta.url);
  const names = readdirSync(page, { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => /\.(ts|css)$/.test(name));
  expect(sources.length).toBeGreaterThan(20);
  for (const name of sources)
    expect(readFileSync(new URL(name, page), 'utf8'), name).not.toMatch(
      /<(pre|textarea)\b|white-space: (pre|break)/,
    );
});
