import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readPictures } from '../../../../shared/pictures/read-pictures.ts';
import { npyFile } from '../../../support/npy-writer.ts';
import { grayPng } from '../../../support/png-writer.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { idx } from '../../../support/toy-dataset.ts';

const bytes = Uint8Array.from({ length: 12 }, (_, i) => i);

function written(content: Uint8Array): string {
  const path = join(temporaryFolder(), 'picture');
  writeFileSync(path, content);
  return path;
}

async function read(content: Uint8Array) {
  const { format, count, isArray, picture } = await readPictures(written(content));
  const { height, width, channels, pixels } = picture(count - 1);
  return [format, isArray, count, height, width, channels, [...pixels]];
}

describe('a file with pictures', () => {
  test('is known by its content, not by its name', async () => {
    expect(await read(grayPng(2, 1, Uint8Array.of(3, 4)))).toEqual([
      'PNG',
      false,
      1,
      2,
      1,
      1,
      [3, 4],
    ]);
    const last = [6, 7, 8, 9, 10, 11];
    expect(await read(idx([2, 2, 3], bytes))).toEqual(['IDX', true, 2, 2, 3, 1, last]);
    expect(await read(gzipSync(idx([2, 2, 3], bytes)))).toEqual(['IDX', true, 2, 2, 3, 1, last]);
    expect(await read(idx([3, 4], bytes))).toEqual(['IDX', true, 1, 3, 4, 1, [...bytes]]);
    expect(await read(npyFile('|u1', '2, 2, 3', bytes))).toEqual(['NPY', true, 2, 2, 3, 1, last]);
    expect(await read(npyFile('|u1', '1, 2, 2, 3', bytes))).toEqual([
      'NPY',
      true,
      1,
      2,
      2,
      3,
      [...bytes],
    ]);
  });

  test.for([
    ['nothing', new Uint8Array(), 'it is empty'],
    ['a text', Buffer.from('hello'), 'it is no PNG, IDX, NPY or NPZ file'],
    ['labels', idx([12], bytes), 'it holds labels, not images'],
    ['a cut array', idx([2, 2, 3], bytes).subarray(0, 20), 'announces 2 × 2 × 3 = 12 values'],
    ['a list', npyFile('|u1', '12', bytes), 'its shape is (12): it must be [height, width]'],
    ['no image', npyFile('|u1', '0, 2, 3', new Uint8Array()), 'its shape is (0,2,3)'],
    ['two channels', npyFile('|u1', '1, 2, 3, 2', bytes), 'with 1 or 3 channels'],
    ['a damaged PNG', grayPng(1, 1, Uint8Array.of(1)).subarray(0, 40), 'it is damaged'],
  ] as const)('is refused by its name: %s', async ([, content, message]) => {
    const path = written(content);
    const error = await readPictures(path).catch((reason: Error) => reason);
    expect(String(error)).toContain(`cannot use the picture ${path}: `);
    expect(String(error)).toContain(message);
  });

  test('is refused if it is not there, or a folder', async () => {
    const folder = temporaryFolder();
    await expect(readPictures(folder)).rejects.toThrow(`${folder}: it is a folder`);
    await expect(readPictures(join(folder, 'x.png'))).rejects.toThrow(/x\.png: ENOENT/);
  });
});
