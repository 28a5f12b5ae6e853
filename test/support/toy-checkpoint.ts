import type { Checkpoint } from '../../coordinator/run-folder/checkpoint.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { createDraws } from './simulation/draws.ts';
import { createToyDataset } from './toy-dataset.ts';
import { toyConfig } from './toy-run.ts';

/** The config of every toy checkpoint. */
export const config = toyConfig(createToyDataset());
const model = planModel(config.model);
const length = model.parameterCount;

/** A checkpoint whose random parameters and optimizer state depend only on `step`. */
export function checkpointAt(step: number, bestStep?: number): Checkpoint {
  const draws = createDraws(step);
  const result = {
    epoch: 1,
    trainLoss: 0.1,
    trainAccuracy: 0.9,
    validationLoss: 0.2,
    validationAccuracy: 0.8,
    testLoss: 0.3,
    testAccuracy: 0.7,
  };
  return {
    config,
    model,
    step,
    progress: {
      lossSum: 1 / 3,
      squaredErrorSum: 0,
      absoluteErrorSum: 0,
      correctCount: 5,
      exampleCount: 7,
      chain: 'c',
      ...(bestStep !== undefined && { best: { ...result, step: bestStep } }),
    },
    stopRule: { epochs: 3, earlyStopping: 2 },
    seconds: step / 8,
    parameters: draws.floats(length),
    optimizerState: { velocity: draws.floats(length) },
  };
}
