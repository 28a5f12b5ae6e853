import type { DataEvent } from '../shared/data/load-dataset.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import type { EngineReport } from '../shared/load-engine.ts';
import type { PoolEvent } from './pool-events.ts';
import type { EpochResult } from './progress.ts';

/** What a run tells: shown to people as lines, to scripts (`--json`) as they are. It decides nothing. */
export type RunEvent =
  | DataEvent
  | PoolEvent
  | StartEvent
  | ProgressEvent
  | DoneEvent
  /** `seconds` it took in this process, evaluation included. */
  | ({ event: 'epoch'; seconds: number } & EpochResult)
  | { event: 'listening'; url: string; workersNeeded: number }
  | { event: 'checkpoint'; step: number; file: string }
  | {
      event: 'notice';
      code: 'chaos' | 'checkpoint' | 'engine' | 'restart' | 'stopping' | 'trace' | 'workers';
      message: string;
    }
  | ChaosEvent
  /** Stopped by a signal before its end, in good order. */
  | { event: 'stopped'; step: number; runDir: string; checkpoint: string };

/** The run begins, or goes on from a checkpoint. */
export interface StartEvent {
  event: 'start';
  runDir: string;
  /** The checkpoint that it goes on from; null for a new run. */
  resumedFrom: string | null;
  dataset: string;
  /** For people: "784-256-128-10". */
  model: string;
  numerics: Numerics;
  /** The register tile of the kernels here, or that they are the plain ones. */
  tile: EngineReport['tile'];
  parameterCount: number;
  trainingExamples: number;
  validationExamples: number;
  testExamples: number;
  globalBatch: number;
  microBatchCount: number;
  stepsPerEpoch: number;
  epochs: number;
  /** Updates already done; 0 unless resumed. */
  step: number;
}

/** Where a run is, about once a second. */
export interface ProgressEvent {
  event: 'progress';
  /** Updates done. */
  step: number;
  /** Updates in all, unless it stops earlier. */
  stepCount: number;
  epoch: number;
  /** Mean over the last steps. */
  trainLoss: number;
  examplesPerSecond: number;
  secondsLeft: number;
  worldSize: number;
}

/** How a run that was disturbed compares with the same run undisturbed. */
export interface ChaosEvent {
  event: 'chaos';
  /** How often each fault was caused. */
  kill: number;
  stall: number;
  leave: number;
  join: number;
  /** Mean number of workers that were ready. */
  meanWorldSize: number;
  parametersSha256: string;
  undisturbedSha256: string;
  isEqual: boolean;
  /** Examples/s, as a part of those of `undisturbedWorldSize` undisturbed workers. */
  goodput: number;
  undisturbedWorldSize: number;
}

/** The end of a run. */
export interface DoneEvent {
  event: 'done';
  /** Updates done, and whole epochs. */
  steps: number;
  epochs: number;
  /** Of the parameters that the run ends with: the best epoch's under early stopping. */
  trainLoss: number;
  testAccuracy: number;
  parametersSha256: string;
  /** Training examples per second of training, evaluation and saving not counted. */
  examplesPerSecond: number;
  /** From the first step to the end. */
  seconds: number;
  worldSize: number;
  runDir: string;
  checkpoint: string;
}

export type Report = (event: RunEvent) => void;
