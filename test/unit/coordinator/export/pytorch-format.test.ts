import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pytorchFormat } from '../../../../coordinator/export/pytorch-format.ts';
import { decodeSafetensors } from '../../../../coordinator/run-folder/safetensors.ts';
import { portableCheckpoint } from '../../../support/portable-models.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const context = { signal: new AbortController().signal, replace: false };

test('a model becomes a module and its parameters', async () => {
  const folder = temporaryFolder();
  const { path } = portableCheckpoint(folder, 'convolutions and pools');
  const out = join(folder, 'out');
  const { files, facts } = await pytorchFormat.write(path, out, context);
  expect(files).toEqual([join(out, 'model.py'), join(out, 'model.safetensors')]);
  expect(readdirSync(out)).toEqual(['model.py', 'model.safetensors']);
  expect(readFileSync(files[0], 'utf8')).toContain('nn.Conv2d(2, 4, 3');
  const { tensors, metadata } = decodeSafetensors(readFileSync(files[1]));
  expect([...tensors.keys()].slice(0, 6)).toEqual([
    'conv1.weight',
    'conv1.bias',
    'norm1.weight',
    'norm1.bias',
    'norm1.running_mean',
    'norm1.running_var',
  ]);
  expect(metadata.parametersSha256).toBe(facts.parametersSha256);
});

test('files of an earlier export are replaced only if that is asked for', async () => {
  const folder = temporaryFolder();
  const { path } = portableCheckpoint(folder, 'convolutions and pools');
  await pytorchFormat.write(path, folder, context);
  await expect(pytorchFormat.write(path, folder, context)).rejects.toThrow(
    `${join(folder, 'model.py')} is there already: --force replaces it`,
  );
  await pytorchFormat.write(path, folder, { ...context, replace: true });
  expect(pytorchFormat.defaultOut('runs/a')).toBe(join('runs', 'a', 'pytorch'));
});

test('a run that is not there is named', async () => {
  const nowhere = join(temporaryFolder(), 'nowhere');
  await expect(pytorchFormat.write(nowhere, join(nowhere, 'out'), context)).rejects.toThrow(
    `cannot read the checkpoint ${nowhere}`,
  );
});
