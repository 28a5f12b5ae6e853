import { describe, test } from 'vitest';
import {
  createModel,
  LOSS_AND_CORRECT_LENGTH,
  LOSSES,
} from '../../../../../shared/engine/model/model.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../../shared/engine/model/presets.ts';
import {
  BATCH,
  expectGradient,
  numericGradient,
  ROWS,
} from '../../../../support/numeric-gradient.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

const sumOfLosses = (lossAndCorrect: Float32Array, rows: number): number =>
  Array.from({ length: rows }, (_, row) => lossAndCorrect[row * LOSS_AND_CORRECT_LENGTH]).reduce(
    (sum, loss) => sum + loss,
  );

describe('the gradient of a whole model equals central differences', () => {
  for (const loss of LOSSES) {
    for (const activation of ['sigmoid', 'tanh'] as const) {
      test.for([0, 0.2])(`with ${activation}, ${loss} and label smoothing %d`, (labelSmoothing) => {
        const spec = {
          input: { height: 1, width: 4, channels: 1 },
          layers: multilayerPerceptron([5, 3], activation, 3),
        };
        const draws = createDraws(8);
        const model = createModel(
          naiveEngine,
          planModel(spec),
          { loss, labelSmoothing, seed: 1 },
          ROWS,
        );
        const parameters = draws.floats(planModel(spec).parameterCount);
        const x = draws.floats(ROWS * 4);
        const labels = Uint8Array.from({ length: ROWS }, () => draws.integer(0, 2));
        const gradient = new Float32Array(parameters.length);
        model.differentiate(parameters, x, labels, BATCH, gradient);
        const lossSum = () => sumOfLosses(model.evaluate(parameters, x, labels, BATCH), ROWS);
        expectGradient(gradient, numericGradient(parameters, lossSum));
      });
    }
  }
});
