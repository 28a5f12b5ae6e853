import { expect, test } from 'vitest';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { computeOutcomes } from '../../../../shared/round/row-outcomes.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const { height, width } = dataset.shape;
const config = toyConfig(dataset);
const plan = planModel(config.model);
const parameters = initialParameters(plan, 'he', 3);

function outcomesOf(set: typeof dataset.test, isFlipped: boolean) {
  const computing = computeOutcomes(naiveEngine, config, plan, parameters, set, isFlipped);
  let step = computing.next();
  while (!step.done) step = computing.next();
  return step.value;
}

const { inputs } = dataset.test;
const mirrored = inputs.map((_, i) => {
  const column = i % width;
  return inputs[i - column + (width - 1 - column)];
});
const mirrorSet = { ...dataset.test, inputs: mirrored };

test('with mirror images, a set and its mirror image have the same outcomes', () => {
  expect(height * width).toBe(dataset.inputCount);
  const both = outcomesOf(dataset.test, true);
  expect(outcomesOf(mirrorSet, true)).toEqual(both);
  expect(outcomesOf(dataset.test, false)).not.toEqual(both);
});

test('the mirror image of a symmetric image changes nothing', () => {
  const symmetric = inputs.map((value, i) => Math.min(value, mirrored[i]));
  const set = { ...dataset.test, inputs: symmetric };
  expect(outcomesOf(set, true)).toEqual(outcomesOf(set, false));
});

test('with mirror images, outputs are the means of both', () => {
  const [one, other, both] = [
    outcomesOf(dataset.test, false),
    outcomesOf(mirrorSet, false),
    outcomesOf(dataset.test, true),
  ];
  // The cross-entropy is convex in the outputs.
  for (const [i, loss] of both.losses.entries())
    expect(loss).toBeLessThan((one.losses[i] + other.losses[i]) / 2 + 1e-5);
  const agreeing = [...one.predictions.keys()].filter(
    (i) => one.predictions[i] === other.predictions[i],
  );
  expect(agreeing.length).toBeGreaterThan(100);
  for (const i of agreeing) expect(both.predictions[i]).toBe(one.predictions[i]);
});
