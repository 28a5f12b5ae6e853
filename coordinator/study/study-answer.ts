import type { DataKind } from '../../shared/data/shape.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';

/** The sets of a run, in the order of the page. Training is the training set without validation. */
export const STUDY_SETS = ['test', 'validation', 'training'] as const;
export type StudySet = (typeof STUDY_SETS)[number];

/**
 * The norms of one step, for each trained tensor in the order of the flat buffer: of the mean
 * gradient before clipping, of the parameters after the update minus those before, and of the
 * parameters before.
 */
export interface LayerSample {
  /** The number of updates before this one. */
  readonly step: number;
  readonly gradientNorms: readonly number[];
  readonly updateNorms: readonly number[];
  readonly parameterNorms: readonly number[];
}

/** The answer to `GET /api/layers`. */
export interface LayersAnswer {
  /** Whether this process trains, so that it knows the gradients. */
  readonly isMeasured: boolean;
  readonly samples: readonly LayerSample[];
}

/** The answer to `GET /api/study`. */
export interface StudyAnswer {
  readonly config: RunConfig;
  readonly kind: DataKind;
  readonly keptSteps: readonly number[];
  /** The number of examples of each set. */
  readonly counts: Readonly<Record<StudySet, number>>;
}

/** A net with some examples in a file that needs no coordinator. The texts are base64. */
export interface EmbeddedStudy {
  readonly answer: StudyAnswer;
  /** As in the answer to `GET /api/parameters`. */
  readonly step: number;
  readonly parameters: string;
  /** As in the answer to `GET /api/examples?set=test`. */
  readonly examples: string;
  /** The WebAssembly module of the fast kernels for the run's numerics. */
  readonly kernels: string;
}
