import { describeModel } from '../../shared/engine/model/describe-model.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { TabRun } from './tab-messages.ts';

/** What a run computes, for people. Throws a `MODEL` error if the layers do not fit. */
export function describeTabRun(
  { dataset, model, numerics, microBatchCount }: RunConfig,
  tile: string,
): TabRun {
  const plan = planModel(model);
  return {
    dataset: dataset.name,
    model: describeModel(plan),
    parameterCount: plan.parameterCount,
    microBatchCount,
    numerics,
    tile,
  };
}
