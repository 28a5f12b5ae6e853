import type { DataEvent } from '../../shared/data/loading/load-dataset.ts';
import type { Numerics } from '../../shared/engine/kernels.ts';
import type { EngineReport } from '../../shared/host/load-engine.ts';
import type { EpochResult } from '../training/progress.ts';
import type { RegressionErrors } from '../training/quality.ts';
import type { PoolEvent } from './pool-events.ts';

/**
 * An event of a run. People see it as a line of text, scripts (`--json`) as JSON. No decision of
 * the run depends on it.
 */
export type RunEvent =
  | DataEvent
  | PoolEvent
  | StartEvent
  | ProgressEvent
  | DoneEvent
  /** `seconds`: the time that the epoch took in this process, including evaluation. */
  | ({ event: 'epoch'; seconds: number } & EpochResult)
  | ListeningEvent
  | { event: 'checkpoint'; step: number; file: string }
  | {
      event: 'notice';
      code:
        | 'chaos'
        | 'checkpoint'
        | 'control'
        | 'dashboard'
        | 'engine'
        | 'learning'
        | 'restart'
        | 'stopping'
        | 'trace'
        | 'workers';
      message: string;
    }
  | ChaosEvent
  /** A signal stopped the run before its end, and its state is saved. */
  | { event: 'stopped'; step: number; runDir: string; checkpoint: string };

/** The coordinator listens for workers. */
export interface ListeningEvent {
  event: 'listening';
  /** For workers on this machine. */
  url: string;
  /** For workers on other machines. */
  otherUrls: readonly string[];
  /** For a browser on this machine, without a token. */
  dashboardUrl: string;
  workersNeeded: number;
  /** Only if it was made for this run. */
  token?: string | undefined;
  /** The token that control needs. Only if it was made, because the run has no `token`. */
  controlToken?: string | undefined;
}

/** The run starts, or resumes from a checkpoint. */
export interface StartEvent {
  event: 'start';
  runDir: string;
  /** The checkpoint's file; null for a new run. */
  resumedFrom: string | null;
  /** The checkpoint's file whose weights a new run begins with; null if they are drawn. */
  initialWeightsFrom: string | null;
  dataset: string;
  /** A short text for people, such as "784-256-128-10". */
  model: string;
  numerics: Numerics;
  /** The register tile of this process's fast kernels, or `plain` for the plain kernels. */
  tile: EngineReport['tile'];
  parameterCount: number;
  trainingExamples: number;
  validationExamples: number;
  testExamples: number;
  /** The name of the target, if it is a number, and the test errors of always saying the mean. */
  target?: { readonly name: string; readonly baseline: RegressionErrors };
  globalBatch: number;
  microBatchCount: number;
  stepsPerEpoch: number;
  epochs: number;
  /** The number of updates so far; 0 unless resumed. */
  step: number;
}

/** The progress of a run, about once per second. */
export interface ProgressEvent {
  event: 'progress';
  /** The number of updates so far. */
  step: number;
  /** The total number of updates, unless the run stops earlier. */
  stepCount: number;
  epoch: number;
  /** The mean over the steps since the last event. */
  trainLoss: number;
  examplesPerSecond: number;
  secondsLeft: number;
  worldSize: number;
}

/** The comparison of a disturbed run with the same run undisturbed. */
export interface ChaosEvent {
  event: 'chaos';
  /** The number of faults of each kind. */
  kill: number;
  stall: number;
  leave: number;
  join: number;
  /** Workers that flipped a bit and were expelled for it. */
  corrupt: number;
  /** The mean number of ready workers. */
  meanWorldSize: number;
  parametersSha256: string;
  undisturbedSha256: string;
  isEqual: boolean;
  /** The examples/s, as a fraction of those of `undisturbedWorldSize` undisturbed workers. */
  goodput: number;
  undisturbedWorldSize: number;
}

export interface DoneEvent {
  event: 'done';
  /** The number of updates. */
  steps: number;
  /** The number of whole epochs. */
  epochs: number;
  /**
   * `trainLoss`, `testAccuracy` and `parametersSha256` are those of the final parameters. With
   * early stopping, these are the best epoch's.
   */
  trainLoss: number;
  testAccuracy: number | null;
  /** Instead of the accuracy, if the target is a number. */
  testErrors?: RegressionErrors | undefined;
  parametersSha256: string;
  /** The training examples/s over the time in training steps, without evaluation and saving. */
  examplesPerSecond: number;
  /** The step of the final parameters. */
  modelStep: number;
  /** Whether early stopping has ended the run. */
  isStoppedEarly: boolean;
  /** The time from this process's first step to the end. */
  seconds: number;
  /** The time in training, over all parts of the run. */
  totalSeconds: number;
  worldSize: number;
  runDir: string;
  checkpoint: string;
}

export type Report = (event: RunEvent) => void;
