import { expect, test } from 'vitest';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import { RunConfig } from '../../../../shared/round/run-config.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();

test.for([
  [
    'of other images',
    { height: 5, width: 5 },
    3,
    /25 inputs and 3 outputs .* has images of 4 × 5 pixels/,
  ],
  ['of other classes', { height: 4, width: 5 }, 2, /2 outputs does not fit toy, .* 3 classes/],
] as const)('a model %s does not fit the dataset', ([, size, outputs, message]) => {
  const config = toyConfig(dataset, {
    model: { input: { ...size, channels: 1 }, layers: multilayerPerceptron([], 'relu', outputs) },
  });
  expect(() => createWorkload(config, dataset)).toThrow(
    expect.objectContaining({ code: 'MODEL', message: expect.stringMatching(message) }),
  );
});

test('a configuration has as many micro-batches and examples as the flags allow, not more', () => {
  const config = toyConfig(dataset);
  for (const wrong of [{ microBatchCount: 1e12 }, { globalBatch: 1e12 }])
    expect(RunConfig.safeParse({ ...config, ...wrong }).success).toBe(false);
  expect(RunConfig.safeParse(config).success).toBe(true);
});
