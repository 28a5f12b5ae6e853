import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  type DelimitedOptions,
  type DelimitedTable,
  openDelimited,
} from '../../../../../shared/data/formats/delimited.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const rowsOf = async (table: DelimitedTable) => {
  const rows: (readonly string[])[] = [];
  for await (const { cells } of table.rows()) rows.push(cells);
  return rows;
};

function written(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'table.csv');
  writeFileSync(path, content);
  return path;
}

async function read(content: string | Uint8Array, options: DelimitedOptions = {}) {
  const table = await openDelimited(written(content), options);
  const { separator, hasHeader, names } = table;
  return { separator, hasHeader, names, rows: await rowsOf(table) };
}

const failure = async (content: string | Uint8Array, options: DelimitedOptions = {}) => {
  const error = await read(content, options).catch((reason: Error) => reason.message);
  return typeof error === 'string' ? error.replace(/^.*table\.csv/, 'TABLE') : error;
};

describe('a table of text', () => {
  test.for([
    ['commas', 'a,b\n1,2\n', ','],
    ['semicolons, with commas in numbers', 'a;b\n1,5;2,5\n', ';'],
    ['tabs', 'a\tb\n1\t2\n', '\t'],
    ['bars', 'a|b\n1|2\n', '|'],
    ['spaces, also several', ' a  b \n 1   2\n', ' '],
    ['commas in quotes beside semicolons', '"a,x";b\n"1,2,3";2\n', ';'],
  ] as const)('is split at %s', async ([, text, separator]) => {
    expect(await read(text)).toMatchObject({ separator, hasHeader: true, rows: [{ length: 2 }] });
  });

  test('may have quotes, a BOM, other ends of lines, and empty lines', async () => {
    const text = '\ufeff"na""me",note\r\n\r\n"a, b","two\nlines"\r\nc,\r\n';
    expect(await read(text)).toMatchObject({
      names: ['na"me', 'note'],
      rows: [
        ['a, b', 'two\nlines'],
        ['c', ''],
      ],
    });
  });

  test('may be gzipped, and read again', async () => {
    const table = await openDelimited(written(gzipSync('a,b\n1,2\n')));
    expect(await rowsOf(table)).toEqual([['1', '2']]);
    expect(await rowsOf(table)).toEqual([['1', '2']]);
  });

  test.for([
    ['names', 'a,b\n1,2\n', true],
    ['numbers', '1,2\n3,4\n', false],
    ['a number and a class', '0.1,R\n0.2,M\n', false],
    ['names of texts', 'city,kind\nBern,a\n', true],
    ['texts that come again', 'Bern,a\nBasel,a\n', false],
    ['numbers of columns, as pandas writes them', '0,1,2\n5,6,7\n', true],
  ] as const)('has a header or not: %s', async ([, text, hasHeader]) => {
    expect((await read(text)).hasHeader).toBe(hasHeader);
  });

  test('has a header if the user says so, or it has the names of training', async () => {
    expect(await read('1,2\n3,4\n', { hasHeader: true })).toMatchObject({ names: ['1', '2'] });
    expect(await read('a,b\n3,4\n', { hasHeader: false })).toMatchObject({
      names: ['column 1', 'column 2'],
      rows: [
        ['a', 'b'],
        ['3', '4'],
      ],
    });
    const knownNames = new Set(['7']);
    expect(await read('7,8\n1,2\n', { knownNames })).toMatchObject({ hasHeader: true });
  });

  test('gives columns without names a name', async () => {
    expect((await read(',x,\n1,2,3\n', { hasHeader: true })).names).toEqual([
      'row',
      'x',
      'column 3',
    ]);
  });

  test.for([
    ['nothing', '', 'TABLE is empty: give a table with rows.'],
    ['two columns of one name', 'a,b,a\n1,2,3\n', 'TABLE has two columns named "a": rename one of'],
    ['a ragged row', 'a,b\n1,2\n3\n', 'TABLE: line 3 has 1 cell, and the first line has 2'],
    ['a ragged row of spaces', '1 2\n3 4\n5 6 7\n', 'line 3 has 3 cells, and the first line has 2'],
    ['an open quote', 'a,b\n1,"2\n3,4\n', 'opens a quote that is never closed'],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'TABLE is in UTF-16: save it as CSV'],
    ['no text', Buffer.from('a\0b'), 'TABLE is no text: save it as CSV'],
    ['a cut gzip', gzipSync('a,b\n1,2\n').subarray(0, 15), 'TABLE: unexpected end of file'],
  ] as const)('is refused: %s', async ([, content, message]) => {
    expect(await failure(content)).toContain(message);
  });

  test('has lines and columns within bounds', async () => {
    const endless = `a,b\n${'x'.repeat(5_000_000)}`;
    expect(await failure(endless)).toContain('has more than 4194304 bytes');
    const wide = `${'1,'.repeat(999_999)}1\n`;
    expect(await failure(wide)).toContain('TABLE has 1000000 columns, and at most 65536 are read');
  });

  test('is in UTF-8, or the line that is not is named', async () => {
    const latin1 = Buffer.from('city,size\nBerlin,1\nKöln,2\nMünchen,3\n', 'latin1');
    expect(await failure(latin1)).toContain(
      'line 3 is not in UTF-8, but perhaps in Latin-1 or Windows-1252: save it as CSV in UTF-8.',
    );
    const spaced = Buffer.from('1 2 Ulm\n3 4 Köln\n', 'latin1');
    expect(await failure(spaced)).toContain('line 2 is not in UTF-8');
    const cut = Buffer.from('a,b\n1,Kö').subarray(0, -1);
    expect(await failure(cut)).toContain('line 2 is not in UTF-8');
    // Letters of several bytes lie on the borders of what is read at once.
    const long = `city,size\n${'é,1\n'.repeat(100_000)}ö,2\n`;
    const { rows } = await openDelimited(written(long));
    expect((await Array.fromAsync(rows())).at(-1)?.cells).toEqual(['ö', '2']);
  });

  test('unpacks to no more than is allowed', async () => {
    const bomb = gzipSync('1,2\n'.repeat(1_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    expect(await failure(bomb, { bytesMax: 100_000 })).toContain(
      'unpacks to more than 100000 bytes',
    );
  });

  test('is refused if it is not there or a folder', async () => {
    await expect(openDelimited(join(temporaryFolder(), 'none'))).rejects.toThrow('ENOENT');
    await expect(openDelimited(temporaryFolder())).rejects.toThrow('it is no regular file');
  });
});
