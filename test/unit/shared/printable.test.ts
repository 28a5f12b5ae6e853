import { expect, test } from 'vitest';
import { printable } from '../../../shared/printable.ts';

test.for([
  ['a plain name-7.example', 'a plain name-7.example'],
  ['Zoë 张伟 🎉 λ', 'Zoë 张伟 🎉 λ'],
  ['red\u001b[31m', 'red\\u001b[31m'],
  ['two\r\nlines', 'two\\u000d\\u000alines'],
  ['\0\u007f\u009b', '\\u0000\\u007f\\u009b'],
  ['abc\u202egnp.exe', 'abc\\u202egnp.exe'],
  ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['half \ud83d', 'half \ufffd'],
])('%j is printed as %j', ([text, printed]) => {
  expect(printable(text)).toBe(printed);
  expect(printable(printed)).toBe(printed);
});

test('JSON of such text stays the same JSON', () => {
  const value = { name: 'a\u001b\n\u009b\u2028' };
  expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
});
