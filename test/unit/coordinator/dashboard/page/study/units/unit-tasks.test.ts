import { expect, test } from 'vitest';
import {
  FRESH_ACTIVATIONS,
  freshNorms,
  gradientNorms,
} from '../../../../../../../coordinator/dashboard/page/study/units/unit-tasks.ts';
import { initialParameters } from '../../../../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../../../../shared/engine/model/model-plan.ts';
import { openEngine } from '../../../../../../../shared/host/load-engine.ts';
import { createNetLab } from '../../../../../../../shared/study/net-lab.ts';
import { createToyDataset } from '../../../../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../../../../support/toy-run.ts';

// Fresh nets have many layers: the plain kernels take seconds for them.
const engine = openEngine('strict');
const dataset = createToyDataset();
const config = toyConfig(dataset);
const lab = createNetLab(naiveEngine, planModel(config.model), config);
lab.load(initialParameters(lab.plan, 'glorot', 3));

test('the gradient is the mean over the first 500 examples', () => {
  const norms = gradientNorms(lab, dataset.test);
  const mean = lab.meanGradient({ ...dataset.test, count: 500 });
  const [, , weight, bias] = lab.plan.tensors;
  expect(dataset.test.count).toBeGreaterThan(500);
  const last = mean.subarray(weight.offset, bias.offset + bias.shape[0]);
  expect(norms).toHaveLength(2);
  expect(norms[1]).toBeCloseTo(Math.hypot(...last), 10);
});

test('fresh nets are made once, and begin with the weights that are asked for', () => {
  const weights = { initialization: 'glorot', factor: 1, seed: 5 } as const;
  const ask = (factor: number) =>
    freshNorms(engine, config, lab, dataset.test, { ...weights, factor });
  const first = ask(1);
  expect(first).toHaveLength(FRESH_ACTIVATIONS.length);
  expect(first.map((norms) => norms.length)).toEqual([6, 6]);
  expect(ask(5)).not.toEqual(first);
  expect(ask(1)).toEqual(first);
});
