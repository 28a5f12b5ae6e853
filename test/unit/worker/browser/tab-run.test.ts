import { expect, test } from 'vitest';
import { describeTabRun } from '../../../../worker/browser/tab-run.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

test('says what a run computes', () => {
  const config = toyConfig(createToyDataset());
  const { dataset, model, parameterCount, ...rest } = describeTabRun(config, '6x16');
  expect(dataset).toBe(config.dataset.name);
  expect(model).toMatch(/^\d+(-\d+)+$/);
  expect(parameterCount).toBeGreaterThan(10);
  expect(rest).toEqual({
    ...{ microBatchCount: config.microBatchCount, numerics: config.numerics, tile: '6x16' },
  });
});
