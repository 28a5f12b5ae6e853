import { expect, test } from 'vitest';
import { configDifferences } from '../../../../coordinator/replay/config-differences.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const config = toyConfig(createToyDataset());

test('equal configurations differ in nothing', () => {
  expect(configDifferences(config, structuredClone(config))).toEqual([]);
});

test('a setting that differs is named with both values, by its path', () => {
  const learningRate = { ...config.learningRate, peak: 0.5 };
  const other = { ...config, seed: 99, learningRate, clipNorm: 1 };
  expect(configDifferences({ ...config, seed: 1 }, other)).toEqual([
    `learningRate.peak (${config.learningRate.peak} and 0.5)`,
    'seed (1 and 99)',
    'clipNorm (none and 1)',
  ]);
});

test('of a dataset and a model only the name is said', () => {
  const dataset = { ...config.dataset, name: 'another' };
  expect(configDifferences(config, { ...config, dataset })).toEqual(['dataset']);
});
