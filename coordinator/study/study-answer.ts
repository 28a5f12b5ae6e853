import type { RunConfig } from '../../shared/round/run-config.ts';

/** The sets of a run, in the order of the page. Training is the training set without validation. */
export const STUDY_SETS = ['test', 'validation', 'training'] as const;
export type StudySet = (typeof STUDY_SETS)[number];

/** The answer to `GET /api/study`. */
export interface StudyAnswer {
  readonly config: RunConfig;
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
