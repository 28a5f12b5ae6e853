import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../../../../shared/data/import/read-source.ts';
import { idxFile } from '../../../../../shared/data/import/write-dataset.ts';
import { folderWith, importContext, importOptions } from '../../../../support/import-context.ts';
import { npyFile } from '../../../../support/npy-writer.ts';

async function read(files: Record<string, Uint8Array | string>, name = '') {
  const context = importContext();
  const path = join(folderWith(files), name);
  return { ...(await readSource(path, importOptions(), context)), notes: context.notes };
}

const labels = Int32Array.of(1, 2);

describe('a source', () => {
  test('of four IDX files may have colors, and labels of 32 bits from 1 on', async () => {
    const images = idxFile([2, 1, 2, 3], Uint8Array.from(Array(12).keys()));
    const examples = await read({
      'train-images.idx4-ubyte': images,
      'train-labels.idx1-int': idxFile([2], labels),
      't10k-images-idx4-ubyte.gz': gzipSync(images),
      't10k-labels-idx1-int': idxFile([2], labels),
    });
    expect(examples).toMatchObject({
      format: 'IDX files',
      count: 4,
      inputs: { height: 1, width: 2, channels: 3 },
      target: { values: Float64Array.of(1, 2, 1, 2) },
      isTest: Uint8Array.of(0, 0, 1, 1),
    });
  });

  test('of CIFAR has the names of its classes', async () => {
    const record = Buffer.alloc(3073, 5);
    const ten = await read({ 'data_batch_1.bin': record, 'test_batch.bin': record });
    expect(ten).toMatchObject({ format: 'CIFAR-10', count: 2, isTest: Uint8Array.of(0, 1) });
    expect(ten.classNames?.[5]).toBe('dog');
    const fine = Buffer.alloc(3074, 1);
    const files = { 'train.bin': fine, 'fine_label_names.txt': 'apple\nbaby\n' };
    expect(await read(files)).toMatchObject({ format: 'CIFAR-100', classNames: ['apple', 'baby'] });
    await expect(read({ 'train.bin': record })).rejects.toThrow(/train\.bin: it has 3073 bytes/);
  });

  test('may be arrays in a folder, or one with targets in its last column', async () => {
    const x = npyFile('|u1', '2, 2', Uint8Array.of(1, 2, 3, 4));
    const y = npyFile('|u1', '2', Uint8Array.of(0, 1));
    expect(await read({ 'x.npy': x, 'y.npy': y })).toMatchObject({ format: 'arrays', count: 2 });
    const { target, notes } = await read({ 'all.npy': x }, 'all.npy');
    expect(target).toMatchObject({ name: 'column 2', values: Float64Array.of(2, 4) });
    expect(notes[0]).toContain('the target is column 2, the last column');
  });

  test('is known by its content', async () => {
    expect(await read({ 'data.dat': 'a,b\n1,2\n3,4\n' }, 'data.dat')).toMatchObject({ count: 2 });
    await expect(read({ x: Buffer.from('\0\0') }, 'x')).rejects.toThrow(
      'is no text: save it as CSV',
    );
    await expect(read({}, 'none')).rejects.toThrow(/cannot read .*none: ENOENT/);
  });
});
