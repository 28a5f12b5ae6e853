import { setImmediate } from 'node:timers/promises';
import { predictsNumber } from '../shared/engine/model/model-plan.ts';
import { LockstepError } from '../shared/errors.ts';
import { openEngine } from '../shared/host/load-engine.ts';
import {
  createHealthProbe,
  type HealthProbe,
  PROBE_EXAMPLES,
} from '../shared/round/health-probe.ts';
import type { Workload } from '../shared/round/workload.ts';
import type { Report } from './reporting/events.ts';
import {
  type LearningNotice,
  learningNotice,
  overfittingNotice,
  rateNotice,
} from './training/learning-notices.ts';
import type { EpochResult } from './training/progress.ts';
import type { TrainingRun } from './training/train.ts';

/*
 * Looks at the model now and then, and says if it cannot learn: dead units, a vanishing gradient,
 * wrong labels. What the losses of the epochs tell, it says at once.
 *
 * A look is a small extra computation with a copy of the parameters. It changes no bit of the run.
 * Between two looks, the run computes a hundred times as many examples, so looking costs 1 % at
 * most, and it goes on while the workers compute the next steps.
 */

export interface LearningWatch {
  /**
   * Takes the result of an epoch. Begins to look at the model as it is now, unless it was looked
   * at shortly before.
   */
  observe(epoch: EpochResult): void;
  /** Looks once more at the end, with what is known of the last epoch. Resolves after that. */
  finish(epoch: TrainQuality): Promise<void>;
}

/** How good the predictions for the training examples of an epoch were. */
export type TrainQuality = Partial<Pick<EpochResult, 'trainAccuracy' | 'trainErrors'>>;

const EXAMPLES_BETWEEN = 100 * PROBE_EXAMPLES;
/** The probe has room for this many parameters, their gradient, and its sum. */
const PARAMETERS_MAX = 2 ** 24;
const ARENA_BYTES = 2 ** 28;

/** `epochsBefore` are those before a resume. */
export function createLearningWatch(
  {
    config,
    workload,
    server,
    stopRule,
  }: Pick<TrainingRun, 'config' | 'workload' | 'server' | 'stopRule'>,
  report: Report,
  epochsBefore: readonly EpochResult[],
): LearningWatch {
  const guessingQuality = guessingQualityOf(workload);
  const epochs: EpochResult[] = [...epochsBefore];
  const said = new Set<LearningNotice['kind']>();
  let probe: HealthProbe | undefined;
  let seenStep = 0;
  let looking: Promise<void> | undefined;

  /** Says each kind of notice once. */
  function say(notice: LearningNotice | undefined): void {
    if (!notice || said.has(notice.kind)) return;
    said.add(notice.kind);
    report({ event: 'notice', code: 'learning', message: notice.message });
  }

  async function look({ trainAccuracy, trainErrors }: TrainQuality): Promise<void> {
    seenStep = server.step;
    probe ??= createHealthProbe(openEngine(config.numerics, ARENA_BYTES), config, workload);
    const measuring = probe.measure(server.parameters, server.step);
    let next = measuring.next();
    while (!next.done) {
      await setImmediate();
      next = measuring.next();
    }
    const { model } = workload;
    const isJudged = seenStep * config.globalBatch >= EXAMPLES_BETWEEN;
    const state = {
      config,
      model,
      health: next.value,
      quality: isJudged ? (trainAccuracy ?? trainErrors?.r2) : undefined,
      guessingQuality,
    };
    say(learningNotice(state));
  }

  /** A machine without room for the probe trains without it. */
  async function lookIfRoom(epoch: TrainQuality): Promise<void> {
    try {
      await look(epoch);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
    }
  }

  const examplesSince = () => (server.step - seenStep) * config.globalBatch;
  const isSmallEnough = workload.parameterCount <= PARAMETERS_MAX;
  return {
    observe(epoch) {
      epochs.push(epoch);
      say(overfittingNotice(epochs, stopRule, config));
      say(rateNotice(epochs, config));
      if (looking || !isSmallEnough || examplesSince() < EXAMPLES_BETWEEN) return;
      looking = lookIfRoom(epoch).finally(() => {
        looking = undefined;
      });
    },
    async finish(epoch) {
      await looking;
      if (isSmallEnough && server.step > seenStep) await lookIfRoom(epoch);
    },
  };
}

/** The training accuracy of always the most frequent class, or the R² of always the mean. */
function guessingQualityOf(workload: Workload): number {
  const { labels } = workload.examples({ kind: 'train', step: 0 }, 0).set;
  if (predictsNumber(workload.model)) return 0;
  const counts = new Uint32Array(workload.model.classCount);
  for (const label of labels) counts[label]++;
  return Math.max(...counts) / labels.length;
}
