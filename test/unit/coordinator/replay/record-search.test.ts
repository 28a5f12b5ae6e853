import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { searchRecords } from '../../../../coordinator/replay/record-search.ts';
import { RecordedHistory } from '../../../support/recorded-history.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Records of steps from 5 on, some of them with long lines. */
function recordsFile(count: number): string {
  const run = new RecordedHistory({ firstStep: 5 });
  run.train(count);
  const path = join(temporaryFolder(), 'metrics.jsonl');
  const lines = run.metrics.map((record) => {
    const copies = Array.from({ length: record.step % 11 === 0 ? 300 : 1 }, () => [
      0,
      1,
      'w'.repeat(40),
    ]);
    return JSON.stringify({ ...record, copies });
  });
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe('a search of records', () => {
  test('finds every step, and no other', async () => {
    const records = await searchRecords(recordsFile(300));
    for (let step = 5; step < 305; step++) expect((await records.find(step))?.step).toBe(step);
    for (const step of [0, 4, 305, 1e9]) expect(await records.find(step)).toBeUndefined();
    await records.close();
  });

  test('finds the first and the last record, without a torn one', async () => {
    const path = recordsFile(30);
    appendFileSync(path, '{"step":35,"loss"');
    const records = await searchRecords(path);
    const ends = await records.ends();
    expect(ends?.map(({ step }) => step)).toEqual([5, 34]);
    await records.close();
  });

  test('finds a text anywhere, or says that it is not there', async () => {
    const records = await searchRecords(recordsFile(3000));
    for (const step of [5, 1500, 3004])
      expect((await records.findText(`"fingerprint":"f${step}"`))?.step).toBe(step);
    expect(await records.findText('"fingerprint":"f4"')).toBeUndefined();
    await records.close();
  });

  test('of a file without records finds nothing', async () => {
    const path = join(temporaryFolder(), 'metrics.jsonl');
    writeFileSync(path, '');
    const records = await searchRecords(path);
    expect(await records.ends()).toBeUndefined();
    expect(await records.find(0)).toBeUndefined();
    expect(await records.findText('x')).toBeUndefined();
    await records.close();
    await expect(searchRecords(`${path}.none`)).rejects.toThrow(/has no steps yet/);
  });
});
