import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isParquet, parseParquet } from '../../../../../shared/data/formats/parquet.ts';

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../fixtures/${name}`, import.meta.url)));

test('a Parquet file has its columns and rows', async () => {
  const file = fixture('table.parquet');
  expect(isParquet(file)).toBe(true);
  const { names, rows } = await parseParquet(file);
  expect(names).toEqual(['size', 'city', 'day', 'label']);
  expect(rows).toHaveLength(24);
  const day = new Date('2026-01-05');
  expect(rows[4]).toEqual({ size: 1, city: 'Bern', day, label: false });
  expect(rows[3]).toMatchObject({ city: null, label: true });
});

test('a Parquet file of Hugging Face has pictures and the names of classes', async () => {
  const { names, rows, classNames } = await parseParquet(fixture('pictures.parquet'));
  expect(names).toEqual(['image', 'label']);
  expect(classNames.get('label')).toEqual(['night', 'day']);
  const { image } = rows[5] as { image: { bytes: Uint8Array; path: string } };
  expect(image.path).toBe('5.png');
  expect([...image.bytes.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

test('a damaged or large Parquet file is refused', async () => {
  const file = fixture('table.parquet');
  await expect(parseParquet(file.subarray(0, 300))).rejects.toThrow('it is damaged');
  await expect(parseParquet(file, 100)).rejects.toThrow('it unpacks to more than 100 bytes');
});
