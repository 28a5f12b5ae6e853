import { classNamesOf, isRegression } from '../../shared/data/target.ts';
import { describeModel } from '../../shared/engine/model/describe-model.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import type { RunDescription } from '../run-folder/run-description.ts';
import type { RunFacts } from './model/run-view.ts';

/** What follows from a run's configuration alone. `model`: the plan of its model. */
export function configFacts(
  { config, stopRule }: Pick<RunDescription, 'config' | 'stopRule'>,
  model: ModelPlan,
) {
  return {
    dataset: config.dataset.name,
    classNames: classNamesOf(config.dataset),
    ...(isRegression(config.dataset) && { target: config.dataset.target.name }),
    model: describeModel(model),
    parameterCount: model.parameterCount,
    numerics: config.numerics,
    wireFormat: config.wire,
    optimizer: config.optimizer.name,
    learningRate: config.learningRate.peak,
    schedule: config.learningRate.name,
    loss: config.loss,
    seed: config.seed,
    globalBatch: config.globalBatch,
    microBatchCount: config.microBatchCount,
    epochs: stopRule.epochs,
    earlyStopping: stopRule.earlyStopping ?? null,
    validationExamples: config.validationCount,
  } satisfies Partial<RunFacts>;
}
