import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readParquetFiles } from '../../../../../shared/data/import/parquet-file.ts';
import { importContext, importOptions } from '../../../../support/import-context.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../../fixtures/${name}`, import.meta.url));

const read = (...names: string[]) =>
  readParquetFiles(
    names.map((path, i) => ({ path, isTest: i > 0 })),
    importOptions(),
    importContext(),
  );

test('plain columns are a table', async () => {
  const { inputs, target, count } = await read(fixture('table.parquet'));
  expect(inputs.kind === 'table' && inputs.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['size', 'number'],
    ['city', 'text'],
    ['day', 'date'],
  ]);
  expect([count, target]).toMatchObject([24, { name: 'label', texts: ['false', 'true'] }]);
});

test('pictures have labels and the names of classes, in one file or two', async () => {
  const file = fixture('pictures.parquet');
  const { inputs, classNames, isTest } = await read(file, file);
  expect(inputs).toMatchObject({ kind: 'images', height: 4, width: 4, channels: 3 });
  expect(classNames).toEqual(['night', 'day']);
  expect([isTest?.length, isTest?.[23], isTest?.[24]]).toEqual([48, 0, 1]);
});

test('files that do not belong together, or are damaged, are refused', async () => {
  const [pictures, table] = ['pictures.parquet', 'table.parquet'].map(fixture);
  await expect(read(pictures, table)).rejects.toThrow('has other columns than');
  const cut = join(temporaryFolder(), 'cut.parquet');
  writeFileSync(cut, 'PAR1 and no more');
  await expect(read(cut)).rejects.toThrow(/^cannot read .*cut\.parquet: it is damaged/);
});
