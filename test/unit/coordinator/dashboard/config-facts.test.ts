import { expect, test } from 'vitest';
import { configFacts } from '../../../../coordinator/dashboard/config-facts.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const config = toyConfig(createToyDataset());
const model = planModel(config.model);

test('a configuration tells the model, its size, and when the run ends', () => {
  const facts = configFacts({ config, stopRule: { epochs: 4, earlyStopping: 2 } }, model);
  expect(facts).toMatchObject({
    dataset: config.dataset.name,
    parameterCount: model.parameterCount,
    learningRate: config.learningRate.peak,
    epochs: 4,
    earlyStopping: 2,
    validationExamples: config.validationCount,
  });
});

test('without early stopping there is no patience', () => {
  expect(configFacts({ config, stopRule: { epochs: 4 } }, model).earlyStopping).toBeNull();
});
