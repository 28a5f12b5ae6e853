import { describe, expect, test } from 'vitest';
import { createPredictor } from '../../../../coordinator/prediction/predictor.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig, trainLocally } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);

function predictorFor(overrides: Partial<RunConfig> = {}, rowsMax = 7) {
  const own = { ...config, ...overrides };
  const predictor = createPredictor(naiveEngine, own, planModel(own.model), rowsMax);
  predictor.setParameters(createToyRun(config, dataset, 1).server.parameters);
  return predictor;
}

const images = Uint8Array.from(dataset.test.inputs).subarray(0, 20 * dataset.inputCount);

describe('a prediction', () => {
  test('has probabilities that add up to 1, in the order of the logits', () => {
    for (const { logits, probabilities } of predictorFor().predict(images)) {
      expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
      const [a, b] = logits;
      expect(Math.log(probabilities[0] / probabilities[1])).toBeCloseTo(a - b, 10);
    }
  });

  test('does not depend on the other images of a batch', () => {
    const together = predictorFor().predict(images);
    expect(together).toHaveLength(20);
    const alone = predictorFor({}, 1);
    for (const [i, expected] of together.entries()) {
      const image = images.subarray(i * dataset.inputCount, (i + 1) * dataset.inputCount);
      expect(alone.predict(image)).toEqual([expected]);
    }
  });

  test('is limited to 0 … 1 after training with the squared error', () => {
    for (const { logits, probabilities } of predictorFor({ loss: 'squared-error' }).predict(images))
      expect(probabilities).toEqual(logits.map((logit) => Math.max(0, Math.min(1, logit))));
  });

  test('rounds the parameters as the run does', () => {
    expect(predictorFor({ wire: 'bf16' }).predict(images)).not.toEqual(
      predictorFor().predict(images),
    );
  });

  test('is as right as the evaluation of the run', async () => {
    const { server, progress } = await trainLocally(config, dataset, 1);
    const predictor = predictorFor();
    predictor.setParameters(server.parameters);
    const { count, inputs, labels } = dataset.test;
    const correct = predictor
      .predict(Uint8Array.from(inputs))
      .filter(({ logits }, i) => logits.indexOf(Math.max(...logits)) === labels[i]).length;
    expect(correct / count).toBe(progress.last?.testAccuracy);
  });
});
