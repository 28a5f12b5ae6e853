import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ofOneScheme } from '../../../../../../coordinator/dashboard/page/drawing/one-scheme.ts';

const STYLES = new URL(
  '../../../../../../coordinator/dashboard/page/dashboard.css',
  import.meta.url,
);

test('a color of two schemes is the one of the scheme that is shown', () => {
  expect(ofOneScheme('light-dark(#ffffff, #14171b)', false)).toBe('#ffffff');
  expect(ofOneScheme('light-dark(#fff,#14171b)', true)).toBe('#14171b');
  expect(ofOneScheme('#fff', true)).toBe('#fff');
});

test('every color of the style sheet is one that a canvas knows, in each scheme', () => {
  const colors = readFileSync(STYLES, 'utf8').match(/light-dark\([^)]*\)/g) ?? [];
  expect(colors.length).toBeGreaterThan(8);
  for (const color of colors)
    for (const isDark of [false, true])
      expect(ofOneScheme(color, isDark), color).toMatch(/^#[0-9a-f]{3,8}$/);
});
