import {
  emptyView,
  type RunFacts,
  type RunView,
} from '../../coordinator/dashboard/model/run-view.ts';
import { bucketOf, type StepBucket } from '../../coordinator/dashboard/steps/step-history.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';

/** The facts of a run of 10 steps per epoch. The last step of an epoch has half the examples. */
export const toyFacts: RunFacts = {
  runDir: 'runs/toy',
  dataset: 'toy',
  classNames: ['a', 'b'],
  model: '4-2',
  parameterCount: 10,
  numerics: 'fused',
  wireFormat: 'f32',
  optimizer: 'adam',
  learningRate: 0.002,
  schedule: 'constant',
  loss: 'cross-entropy',
  seed: 1,
  globalBatch: 100,
  microBatchCount: 4,
  stepsPerEpoch: 10,
  epochs: 10,
  stepCount: 100,
  firstStep: 0,
  earlyStopping: null,
  trainingExamples: 950,
  validationExamples: 500,
  testExamples: 50,
  auditFraction: 0,
  hasCluster: true,
};

/** A step of 20 ms. */
export const toyBucket = (step: number, loss: number, accuracy = 0.5): StepBucket =>
  bucketOf({
    step,
    endedAt: 1000 + 20 * step,
    examples: 100,
    milliseconds: 20,
    loss,
    accuracy,
    learningRate: 0.002,
    worldSize: 2,
    breakdown: undefined,
    shares: new Map([[0, 4]]),
  });

export const toyEpoch = (
  epoch: number,
  trainLoss: number,
  validationLoss: number | null,
): EpochRecord => ({
  epoch,
  step: 10 * epoch,
  trainLoss,
  trainAccuracy: 0.6,
  validationLoss,
  validationAccuracy: validationLoss === null ? null : 0.5,
  testLoss: 1,
  testAccuracy: 0.4,
  seconds: 0.5,
});

/** A view of a run whose steps had these losses. */
export function toyView(losses: readonly number[], more: Partial<RunView> = {}): RunView {
  const view = { ...emptyView(), facts: toyFacts, ...more };
  const first = view.facts?.firstStep ?? 0;
  view.history.add(losses.map((loss, i) => toyBucket(first + i, loss)));
  return view;
}
