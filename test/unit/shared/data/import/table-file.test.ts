import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../../../../shared/data/import/read-source.ts';
import type { ImportOptions } from '../../../../../shared/data/import/source.ts';
import {
  colorPng,
  folderWith,
  importContext,
  importOptions,
} from '../../../../support/import-context.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

async function read(path: string, change: Partial<ImportOptions> = {}) {
  const context = importContext();
  const examples = await readSource(path, importOptions(change), context);
  return { ...examples, notes: context.notes };
}

const readTable = (text: string, change: Partial<ImportOptions> = {}) =>
  read(join(folderWith({ 't.csv': text }), 't.csv'), change);

const namesOf = ({ inputs }: Awaited<ReturnType<typeof read>>) =>
  inputs.kind === 'table' ? inputs.columns.map(({ name }) => name) : [];

describe('a table for training', () => {
  test('has a target, a group, and inputs', async () => {
    const table = await readTable('who,a,b,c\n1,2,3,x\n1,3,4,y\n', { group: 'who', drop: ['b'] });
    expect(namesOf(table)).toEqual(['a']);
    expect(table.target.name).toBe('c');
    expect(table.group?.name).toBe('who');
    const kept = await readTable('who,a,c\n1,2,x\n2,3,y\n', { group: 'who', keep: ['who'] });
    expect(namesOf(kept)).toEqual(['who', 'a']);
  });

  test.for([
    [{ target: 'z' }, '--target z: there is no such column. The columns are a, b.'],
    [{ drop: ['z'] }, '--drop z: there is no such column'],
    [{ keep: ['z'] }, '--keep z: there is no such column'],
    [{ group: 'z' }, '--group z: there is no such column'],
    [{ drop: ['b'] }, 'the target b cannot be left out or group rows'],
    [{ size: { height: 2, width: 2 } }, '--size 2x2 wants 4 columns of pixels, or three times'],
  ] as const)('is refused with %j', async ([change, message]) => {
    await expect(readTable('a,b\n1,2\n3,4\n', change)).rejects.toThrow(message);
  });

  test('of pixels becomes images', async () => {
    const { inputs } = await readTable('-1,0,0.5,1,7\n-1,1,1,1,8\n', {
      size: { height: 2, width: 2 },
    });
    expect(inputs).toMatchObject({ kind: 'images', height: 2, width: 2, channels: 1 });
    const { pixels } = inputs as { pixels: Uint8Array };
    expect([...pixels]).toEqual([0, 128, 191, 255, 0, 255, 255, 255]);
    const size = { height: 1, width: 1 };
    await expect(readTable('a,b\n900,1\n3,2\n', { size })).rejects.toThrow(
      'pixels are from 3 to 900',
    );
    await expect(readTable('a,b\n,1\n3,2\n', { size })).rejects.toThrow(
      'value 0 of the pixels is NaN',
    );
  });

  test('may be in two files, for training and for testing', async () => {
    const folder = folderWith({ 'train.csv': 'a,b\n1,x\n2,y\n', 'test.csv': 'a,b\n3,x\n' });
    const { isTest, count } = await read(folder);
    expect([count, isTest && [...isTest]]).toEqual([3, [0, 0, 1]]);
    writeFileSync(join(folder, 'test.csv'), 'a,c\n3,x\n');
    await expect(read(folder)).rejects.toThrow(/test\.csv has other columns than .*train\.csv/);
  });
});

describe('a list of pictures', () => {
  const red = colorPng(2, 2, 200, 0, 0);

  test('has their classes or numbers', async () => {
    const files = { 'p/a.png': red, 'p/b.png': red };
    const folder = folderWith({ ...files, 'l.csv': 'file,angle\np/a.png,0.5\np/b.png,-1\n' });
    const { inputs, target } = await read(join(folder, 'l.csv'));
    expect(inputs).toMatchObject({ kind: 'images', height: 2, channels: 3 });
    expect(target).toMatchObject({ name: 'angle', values: Float64Array.of(0.5, -1) });
  });

  test.for([
    ['../../etc/x.png', 'outside of the folder of the list: move it into that folder'],
    ['/etc/x.png', 'outside of the folder of the list'],
    ['a/../../x.png', 'outside of the folder of the list'],
    ['none.png', 'cannot use the picture none.png: ENOENT'],
    ['link.png', 'outside of the folder of the list'],
  ] as const)('may not name %s', async ([name, message]) => {
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'secret.png'), red);
    const folder = folderWith({ 'l.csv': `file,label\n${name},x\n${name},y\n` });
    symlinkSync(join(outside, 'secret.png'), join(folder, 'link.png'));
    await expect(read(join(folder, 'l.csv'))).rejects.toThrow(message);
  });
});
