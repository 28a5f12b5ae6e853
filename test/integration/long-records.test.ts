import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesOf, numberIn } from '../../coordinator/run-folder/run-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('records are read by pieces where their file is longer than any string', async () => {
  const path = join(temporaryFolder(), 'metrics.jsonl');
  const file = openSync(path, 'w');
  // Lines of 1 MiB, mostly holes, which need no room on the disk.
  const count = 513;
  for (let step = 1; step <= count; step++) writeSync(file, `{"step":${step}}\n`, step * 2 ** 20);
  closeSync(file);
  expect(() => readFileSync(path, 'utf8')).toThrow('Cannot create a string');
  const steps: number[] = [];
  for await (const { text } of linesOf(path))
    steps.push(numberIn(text.slice(text.indexOf('{')), 'step'));
  expect(steps).toEqual(Array.from({ length: count }, (_, i) => i + 1));
});
