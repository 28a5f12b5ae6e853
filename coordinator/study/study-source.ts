import type { Dataset } from '../../shared/data/dataset.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { LayersAnswer } from './study-answer.ts';

/** The parameters after a number of updates. */
export interface Snapshot {
  readonly step: number;
  /** [parameterCount], a copy. */
  readonly parameters: Float32Array;
  /** Copies of the tensors of `Optimizer.state` by name, if they were asked for. */
  readonly optimizerState?: Readonly<Record<string, Float32Array>> | undefined;
}

/** What people need to study the net of a run: the net, and examples for it. */
export interface StudySource {
  readonly config: RunConfig;
  /**
   * The newest parameters, with the optimizer's state if it is needed. Throws a `LockstepError` if
   * there are none now.
   */
  newest(needsState?: boolean): Promise<Snapshot>;
  /** The steps whose parameters are kept, ascending. */
  keptSteps(): Promise<readonly number[]>;
  /**
   * The kept parameters after `step` updates, with the optimizer's state. Throws a `LockstepError`
   * if there are none.
   */
  kept(step: number): Promise<Snapshot>;
  /** What was measured in the steps after `step`. */
  layersAfter(step: number): LayersAnswer;
  /** Throws a `DATA` error if the dataset is not here. */
  dataset(): Promise<Dataset>;
}
