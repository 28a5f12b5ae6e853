import {
  emptyView,
  type RunFacts,
  type RunStatus,
  type RunView,
  type WorkerRow,
} from '../../coordinator/dashboard/model/run-view.ts';
import { bucketOf, type RecordedStep } from '../../coordinator/dashboard/steps/step-history.ts';
import { TOY_STATUS } from './toy-update.ts';

export const TOY_FACTS: RunFacts = {
  ...{ runDir: 'runs/a', dataset: 'toy', classNames: ['a', 'b'], model: '784-10' },
  ...{ parameterCount: 7850, numerics: 'fused', wireFormat: 'f32', optimizer: 'adam' },
  ...{ learningRate: 0.002, schedule: 'cosine', loss: 'cross-entropy', seed: 1 },
  ...{ globalBatch: 128, microBatchCount: 16, stepsPerEpoch: 50, epochs: 2, stepCount: 100 },
  ...{ firstStep: 0, earlyStopping: null, trainingExamples: 6400, validationExamples: 0 },
  ...{ testExamples: 100, auditFraction: 0, hasCluster: true },
  resumeCommand: 'npx lockstep train --resume runs/a',
  workerCommand: 'npx lockstep worker',
};

/** What the dashboard's page knows of a toy run of 16 micro-batches. */
export function toyView(
  overrides: Partial<Omit<RunView, 'facts' | 'status'>> & {
    facts?: Partial<RunFacts>;
    status?: Partial<RunStatus>;
  } = {},
): RunView {
  const { facts, status, ...rest } = overrides;
  return {
    ...emptyView(),
    facts: { ...TOY_FACTS, ...facts },
    status: { ...TOY_STATUS, ...status },
    ...rest,
  };
}

export const toyWorker = (rank: number, overrides: Partial<WorkerRow> = {}): WorkerRow => ({
  ...{ rank, name: `local-${rank}`, pid: 7, state: 'computing', place: 'process', address: null },
  ...{ runtime: 'node', threads: 1, isHidden: null },
  ...{ examplesPerSecond: 1000, microBatches: 8 },
  ...{ answeredShares: 100, lateShares: 1, checkedSums: 0, sentBytes: 0, receivedBytes: 0 },
  since: '2026-01-01T00:00:00.000Z',
  ...overrides,
});

/** A bucket of one step, which took 10 ms. */
export const toyBucket = (step: number, overrides: Partial<RecordedStep> = {}) =>
  bucketOf({
    ...{ step, endedAt: step, examples: 128, milliseconds: 10, loss: 1, accuracy: 0.5 },
    ...{ learningRate: 1, worldSize: 2, breakdown: undefined, shares: new Map(), ...overrides },
  });
