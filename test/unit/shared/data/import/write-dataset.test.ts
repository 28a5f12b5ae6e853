import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ImportedDataset } from '../../../../../shared/data/import/assemble.ts';
import {
  assertReplaceable,
  idxFile,
  writeDataset,
} from '../../../../../shared/data/import/write-dataset.ts';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../../../../../shared/data/loading/load-dataset.ts';
import { decodePng } from '../../../../../shared/pictures/decode-png.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const images: ImportedDataset = {
  format: 'a test',
  definition: { name: 'toy', classNames: ['a', 'b'] },
  shape: [1, 2, 3],
  train: { count: 2, inputs: Uint8Array.from(Array(12).keys()), labels: Uint8Array.of(0, 1) },
  test: { count: 1, inputs: Uint8Array.of(9, 8, 7, 6, 5, 4), labels: Uint8Array.of(1) },
  duplicates: 0,
};

const rows: ImportedDataset = {
  format: 'a test',
  definition: { name: 'toy', target: { name: 'y', mean: 3, deviation: 2 } },
  shape: [2],
  train: { count: 1, inputs: Float32Array.of(0.5, -1), labels: Float32Array.of(0.25) },
  test: { count: 1, inputs: Float32Array.of(1, 2), labels: Float32Array.of(-4) },
  duplicates: 0,
};

async function load(folder: string) {
  const manifest = await readManifest(folder);
  const context = { signal: new AbortController().signal, report() {} };
  return (await loadDataset(manifest, coordinatorSources(folder), context)).dataset;
}

describe('an imported dataset', () => {
  test('is loaded as it was written', async () => {
    const folder = join(temporaryFolder(), 'deep', 'data');
    await writeDataset(images, folder);
    expect(await load(folder)).toMatchObject({
      manifest: { name: 'toy', classNames: ['a', 'b'] },
      shape: { height: 1, width: 2, channels: 3 },
      train: { inputs: images.train.inputs, labels: images.train.labels },
      test: { inputs: images.test.inputs, labels: images.test.labels },
    });
    const sheet = decodePng(readFileSync(join(folder, 'sheet.png')), 1_000);
    expect([...sheet.pixels.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(readdirSync(dirname(folder))).toEqual(['data']);
  });

  test('may have rows and numbers as targets', async () => {
    const folder = join(temporaryFolder(), 'data');
    await writeDataset(rows, folder);
    expect(await load(folder)).toMatchObject({
      kind: 'features',
      train: { inputs: rows.train.inputs, labels: rows.train.labels },
    });
    expect(readdirSync(folder)).not.toContain('sheet.png');
  });

  test('is complete or absent when the disk is full', async () => {
    const parent = temporaryFolder();
    let written = 0;
    const full = async (path: string, content: Uint8Array | string) => {
      if (++written === 3) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      writeFileSync(path, content);
    };
    await expect(writeDataset(images, join(parent, 'data'), full)).rejects.toThrow(
      /^cannot write .*data: no space\. Make room, or choose another disk\.$/,
    );
    expect(readdirSync(parent)).toEqual([]);
  });

  test('replaces another dataset only if that is asked, and nothing else', async () => {
    const folder = join(temporaryFolder(), 'data');
    await assertReplaceable(folder, 'source', false);
    mkdirSync(folder);
    await assertReplaceable(folder, 'source', false);
    await writeDataset(images, folder);
    await expect(assertReplaceable(folder, 'source', false)).rejects.toThrow('--force replaces it');
    await assertReplaceable(folder, 'source', true);
    await writeDataset(rows, folder);
    expect((await load(folder)).kind).toBe('features');
    await expect(assertReplaceable(dirname(folder), 'source', true)).rejects.toThrow(
      'has other files: choose another folder',
    );
    const inside = join(folder, 'train-images');
    await expect(assertReplaceable(folder, inside, true)).rejects.toThrow('holds the source');
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(assertReplaceable(file, 'source', true)).rejects.toThrow(
      `cannot write to ${file}`,
    );
    await expect(writeDataset(images, join(file, basename(folder)))).rejects.toThrow(
      'cannot write',
    );
  });

  test('has big-endian numbers', () => {
    expect([...idxFile([1], Int32Array.of(258))]).toEqual([0, 0, 12, 1, 0, 0, 0, 1, 0, 0, 1, 2]);
    expect([...idxFile([1], Float32Array.of(1)).subarray(8)]).toEqual([0x3f, 0x80, 0, 0]);
  });
});

test('a dataset may have 65,536 classes, unless their names are too long', async () => {
  const folder = join(temporaryFolder(), 'many');
  const named = (ending: string): ImportedDataset => {
    const classNames = Array.from({ length: 65_536 }, (_, i) => i + ending);
    return { ...images, definition: { name: 'many', classNames } };
  };
  const manifest = await writeDataset(named(''), folder);
  expect(await readManifest(folder)).toEqual(manifest);
  await expect(writeDataset(named(' is the name'), join(folder, 'x'))).rejects.toThrow(
    /^the names of classes and columns take \d+ bytes, and at most 786432 have room: take shorter/,
  );
});
