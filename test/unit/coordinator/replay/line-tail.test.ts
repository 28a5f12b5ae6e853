import {
  appendFileSync,
  mkdirSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LineTail, openLineTail } from '../../../../coordinator/replay/line-tail.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function linesOf(tail: LineTail): Promise<string[]> {
  const all: string[] = [];
  for (let lines = await tail.next(); lines.length > 0; lines = await tail.next())
    all.push(...lines);
  return all;
}

const pathOf = (content?: string) => {
  const path = join(temporaryFolder(), 'lines');
  if (content !== undefined) writeFileSync(path, content);
  return path;
};

describe('the lines of a growing file', () => {
  test.for([1, 3, 1000])('are whole in pieces of %d bytes', async (pieceBytes) => {
    const tail = openLineTail(pathOf('one\n\nzwölf\nlast'), { pieceBytes });
    expect(await linesOf(tail)).toEqual(['one', '', 'zwölf']);
    expect(tail.progress).toEqual({ read: 16, size: 16 });
    await tail.close();
  });

  test('are read once they have their end', async () => {
    const path = pathOf();
    const tail = openLineTail(path, { pieceBytes: 100 });
    expect(await linesOf(tail)).toEqual([]);
    writeFileSync(path, '{"a":');
    expect(await linesOf(tail)).toEqual([]);
    appendFileSync(path, '1}\n{"b"');
    expect(await linesOf(tail)).toEqual(['{"a":1}']);
    appendFileSync(path, ':2}\n');
    expect(await linesOf(tail)).toEqual(['{"b":2}']);
    await tail.close();
  });

  test('are not read behind a limit', async () => {
    const tail = openLineTail(pathOf('one\ntwo\nthree\n'), { pieceBytes: 5, bytesMax: 8 });
    expect(await linesOf(tail)).toEqual(['one', 'two']);
    await tail.close();
  });

  test.for<[how: string, replace: (path: string) => void]>([
    ['it is cut', (path) => truncateSync(path, 1)],
    ['it is gone', (path) => unlinkSync(path)],
    [
      'another one has its name',
      (path) => {
        writeFileSync(`${path}.new`, 'other\nlines\nand more\n');
        renameSync(`${path}.new`, path);
      },
    ],
  ])('are of another file if %s', async ([, replace]) => {
    const path = pathOf('one\ntwo\n');
    const tail = openLineTail(path, { pieceBytes: 100 });
    expect(await tail.isReplaced()).toBe(false);
    await linesOf(tail);
    expect(await tail.isReplaced()).toBe(false);
    appendFileSync(path, 'three\n');
    expect(await tail.isReplaced()).toBe(false);
    replace(path);
    expect(await tail.isReplaced()).toBe(true);
    await tail.close();
  });

  test('are an error if a folder is in the place of the file', async () => {
    const path = pathOf();
    mkdirSync(path);
    const tail = openLineTail(path, { pieceBytes: 100 });
    await expect(tail.next()).rejects.toMatchObject({
      code: 'FILE',
      message: `${path} is no regular file.`,
    });
  });

  test('are an error if one is longer than any record', async () => {
    const path = pathOf('a\n');
    truncateSync(path, 20 * 2 ** 20);
    const tail = openLineTail(path, { pieceBytes: 2 ** 22 });
    await expect(linesOf(tail)).rejects.toThrow(/a line has more than 16777216 bytes/);
    await tail.close();
  });
});
