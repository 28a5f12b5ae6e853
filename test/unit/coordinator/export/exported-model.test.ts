import { join } from 'node:path';
import { expect, test } from 'vitest';
import { besideModel, openModel } from '../../../../coordinator/export/exported-model.ts';
import { parametersSha256 } from '../../../../coordinator/run-folder/checkpoint.ts';
import { portableCheckpoint } from '../../../support/portable-models.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const NAME = 'the activation relu';
const weightsOf = ({ layers }: Awaited<ReturnType<typeof openModel>>) =>
  layers.flatMap(({ tensors }) => tensors).flatMap(({ values }) => [...values]);

test('a model is opened with where it is from', async () => {
  const { path, parameters } = portableCheckpoint(temporaryFolder(), NAME);
  const { metadata, described, hasSoftmax, classNames } = await openModel(path);
  const sha256 = parametersSha256(parameters);
  expect(metadata).toEqual({
    producer: 'lockstep',
    run: 'the-activation-relu.safetensors',
    step: '3',
    dataset: 'toy',
    classes: '["class 0","class 1","class 2"]',
    parametersSha256: sha256,
  });
  expect(described.facts).toEqual({ checkpoint: path, step: 3, parametersSha256: sha256 });
  expect(described.summary).toBe('Wrote the model of step 3: 1,411 parameters');
  expect([hasSoftmax, classNames.length]).toEqual([true, 3]);
});

test('a model is rounded as in its run', async () => {
  const wide = portableCheckpoint(temporaryFolder(), NAME);
  const narrow = portableCheckpoint(temporaryFolder(), NAME, { wire: 'bf16' });
  const [plain, rounded] = [await openModel(wide.path), await openModel(narrow.path)];
  expect(weightsOf(plain).toSorted()).toEqual([...wide.parameters].toSorted());
  expect(weightsOf(rounded)).not.toEqual(weightsOf(plain));
  expect(weightsOf(rounded).every((value) => (bitsOf(value) & 0xffff) === 0)).toBe(true);
  expect(rounded.described.summary).toMatch(/parameters, rounded to bfloat16 as in training$/);
});

test('outputs that were trained with the squared error are no logits', async () => {
  const { path } = portableCheckpoint(temporaryFolder(), NAME, { loss: 'squared-error' });
  expect((await openModel(path)).hasSoftmax).toBe(false);
});

test('an export is written into the folder of the run, or beside the checkpoint file', () => {
  expect(besideModel('runs/a', 'pytorch')).toBe(join('runs', 'a', 'pytorch'));
  expect(besideModel('c/step-00000003.safetensors', 'pytorch')).toBe(join('c', 'pytorch'));
});

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
