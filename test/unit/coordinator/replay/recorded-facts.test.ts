import { expect, test } from 'vitest';
import { recordedFacts } from '../../../../coordinator/replay/recorded-facts.ts';
import { classNamesOf } from '../../../../shared/data/target.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const description = { config, stopRule: { epochs: 4, earlyStopping: 2 }, firstStep: 3 };

test('the facts of a recorded run follow from its configuration', () => {
  const training = dataset.train.count - config.validationCount;
  expect(recordedFacts(description, 'runs/x', undefined)).toMatchObject({
    runDir: 'runs/x',
    classNames: classNamesOf(dataset.manifest),
    trainingExamples: training,
    validationExamples: config.validationCount,
    testExamples: dataset.test.count,
    stepsPerEpoch: Math.ceil(training / config.globalBatch),
    stepCount: 4 * Math.ceil(training / config.globalBatch),
    epochs: 4,
    earlyStopping: 2,
    firstStep: 3,
    isRecorded: true,
  });
});

test('the facts of a recorded run are those that its coordinator had', () => {
  const start = {
    event: 'start',
    ...{ time: 1, step: 0, resumedFrom: null, stepCount: 7, stepsPerEpoch: 5 },
    ...{ trainingExamples: 50, testExamples: 9, auditFraction: 0.25, hasCluster: false },
  } as const;
  expect(recordedFacts(description, 'runs/x', start)).toMatchObject({
    stepCount: 7,
    stepsPerEpoch: 5,
    trainingExamples: 50,
    testExamples: 9,
    auditFraction: 0.25,
    hasCluster: false,
  });
});

test('the command that goes on with a recorded run has the flags of its coordinator', () => {
  const start = {
    event: 'start',
    ...{ time: 1, step: 0, resumedFrom: null, stepCount: 7, stepsPerEpoch: 5 },
    ...{ trainingExamples: 50, testExamples: 9, auditFraction: 0.25, hasCluster: true },
    continuation: ['train', '--workers', '2'],
  } as const;
  const known = { ...start, continuation: [...start.continuation] };
  expect(recordedFacts(description, 'runs/x', known).resumeCommand).toMatch(
    / train --workers 2 --resume runs\/x$/,
  );
});
