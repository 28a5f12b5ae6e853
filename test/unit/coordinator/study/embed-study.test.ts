import { expect, test } from 'vitest';
import { embedStudy } from '../../../../coordinator/study/embed-study.ts';
import type { StudySource } from '../../../../coordinator/study/study-source.ts';
import { checkpointAt, config } from '../../../support/toy-checkpoint.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

const dataset = createToyDataset();
const source: StudySource = {
  config,
  newest: async () => checkpointAt(12),
  layersAfter: () => ({ isMeasured: false, samples: [] }),
  keptSteps: async () => [4, 8],
  kept: async (step) => checkpointAt(step),
  dataset: async () => dataset,
};
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

test('a file has the newest parameters, some examples and the kernels', async () => {
  const study = await embedStudy(source);
  expect(study.step).toBe(12);
  expect(study.answer.keptSteps).toEqual([]);
  expect(study.answer.counts).toEqual({ test: 300, validation: 0, training: 0 });
  const parameters = new Float32Array(bytesOf(study.parameters).buffer);
  expect(parameters).toEqual(checkpointAt(12).parameters);
  const examples = bytesOf(study.examples);
  expect(examples).toHaveLength(300 * (8 + dataset.inputCount));
  expect([...examples.subarray(8 * 300, 8 * 300 + 20)]).toEqual([
    ...dataset.test.inputs.subarray(0, 20),
  ]);
  expect(() => new WebAssembly.Module(bytesOf(study.kernels))).not.toThrow();
});

test('a run whose dataset is not here cannot be embedded', async () => {
  const dataset = () => Promise.reject(new Error('no data'));
  await expect(embedStudy({ ...source, dataset })).rejects.toThrow('no data');
});
