import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onnxFormat } from '../../../../coordinator/export/onnx-format.ts';
import { portableCheckpoint } from '../../../support/portable-models.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const context = { signal: new AbortController().signal, replace: false };

test('a model is written into a folder, or into a file that is named', async () => {
  const folder = temporaryFolder();
  const { path } = portableCheckpoint(folder, 'convolutions and pools');
  const { files, facts } = await onnxFormat.write(path, join(folder, 'out'), context);
  expect(files).toEqual([join(folder, 'out', 'model.onnx')]);
  expect(readdirSync(join(folder, 'out'))).toEqual(['model.onnx']);
  expect(facts.step).toBe(3);
  const named = await onnxFormat.write(path, join(folder, 'net.onnx'), context);
  expect(named.files).toEqual([join(folder, 'net.onnx')]);
  expect(onnxFormat.defaultOut('runs/a')).toBe(join('runs', 'a', 'onnx'));
});

test('a file of an earlier export is replaced only if that is asked for', async () => {
  const folder = temporaryFolder();
  const { path } = portableCheckpoint(folder, 'convolutions and pools');
  const out = join(folder, 'net.onnx');
  writeFileSync(out, 'mine');
  await expect(onnxFormat.write(path, out, context)).rejects.toThrow(`${out} is there already`);
  await onnxFormat.write(path, out, { ...context, replace: true });
});
