import { planModel } from '../../shared/engine/model/model-plan.ts';
import { configFacts } from '../dashboard/config-facts.ts';
import type { EventLine } from '../dashboard/event-line.ts';
import type { RunFacts } from '../dashboard/model/run-view.ts';
import { recordedContinuation, resumeCommand } from '../options/continuation.ts';
import type { RunDescription } from '../run-folder/run-description.ts';

/** The header of an IDX file of labels. The rest is a byte per example. */
const LABELS_HEADER_BYTES = 8;

/**
 * What a recorded run is. `start` is the beginning of its newest coordinator. Without it, the
 * number of examples follows from the files of labels.
 */
export function recordedFacts(
  description: RunDescription,
  runDir: string,
  start: (EventLine & { readonly event: 'start' }) | undefined,
): RunFacts {
  const { config, stopRule, firstStep } = description;
  const examplesIn = ({ bytes = LABELS_HEADER_BYTES }: { readonly bytes?: number | undefined }) =>
    bytes - LABELS_HEADER_BYTES;
  const { trainLabels, testLabels } = config.dataset.files;
  const trainingExamples =
    start?.trainingExamples ?? examplesIn(trainLabels) - config.validationCount;
  const stepsPerEpoch =
    start?.stepsPerEpoch ?? Math.max(1, Math.ceil(trainingExamples / config.globalBatch));
  return {
    runDir,
    ...configFacts(description, planModel(config.model)),
    stepsPerEpoch,
    stepCount: start?.stepCount ?? stopRule.epochs * stepsPerEpoch,
    firstStep,
    trainingExamples,
    testExamples: start?.testExamples ?? examplesIn(testLabels),
    auditFraction: start?.auditFraction ?? 0,
    hasCluster: start?.hasCluster ?? true,
    resumeCommand: resumeCommand(recordedContinuation(start?.continuation), runDir),
    isRecorded: true,
  };
}
