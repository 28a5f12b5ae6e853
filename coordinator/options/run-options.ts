import type { Augmentation } from '../../shared/data/augmentation-spec.ts';
import type { Activation, Numerics } from '../../shared/engine/kernels.ts';
import type { Initialization } from '../../shared/engine/model/initialization.ts';
import type { Loss } from '../../shared/engine/model/model.ts';
import type { OptimizerSpec } from '../../shared/engine/optimizer-spec.ts';
import type { ScheduleSpec } from '../../shared/engine/schedule-spec.ts';
import type { WireFormat } from '../../shared/round/run-config.ts';
import type { ClassWeights } from './class-weights.ts';

export const RECIPE_NAMES = ['quick', 'accurate'] as const;
export type RecipeName = (typeof RECIPE_NAMES)[number];

/** The user's choices for a run. An option that the user does not give is undefined. */
export interface RunOptions {
  /** The name of a preset, or the path of a model file. */
  readonly model?: string;
  /** How the preset is trained: `quick` if undefined. */
  readonly recipe?: RecipeName;
  readonly epochs?: number;
  readonly steps?: number;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly layers?: number[];
  readonly activation?: Activation;
  readonly init?: Initialization;
  readonly loss?: Loss;
  readonly labelSmoothing?: number;
  readonly classWeights?: ClassWeights;
  readonly optimizer?: OptimizerSpec['name'];
  readonly momentum?: number;
  readonly lr?: number;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly average?: number;
  readonly schedule?: ScheduleSpec['name'];
  readonly warmup?: number;
  readonly augment?: Augmentation;
  readonly seed?: number;
  readonly numerics?: Numerics;
  readonly wire?: WireFormat;
  readonly validation?: number;
  readonly earlyStopping?: number;
  readonly checkpointEvery: number;
  /** In seconds. */
  readonly checkpointInterval: number;
  readonly audit: number;
  readonly threads?: number;
  /** How this process computes. By default, with one thread. */
  readonly engine?: {
    readonly threads: number;
    /** Whether other threads use the engine's memory, too. */
    readonly isShared: boolean;
  };
  readonly auditHere?: number;
  /** Whether the port says what the model takes a picture for. */
  readonly predict?: true;
  readonly dataDir?: string;
  readonly out?: string;
  /** The file for the timeline of coordinator and workers. */
  readonly trace?: string;
  readonly resume?: string;
  readonly resumeOrStart?: string;
  /** A checkpoint file or a run folder with the weights that a new run begins with. */
  readonly initFrom?: string;
  /** The beginning of the command that goes on with this run; see `continuation.ts`. */
  readonly continuation?: readonly string[];
}

/** The part of all audits that the coordinator makes itself, if the user does not say it. */
export const AUDIT_HERE = 1 / 16;
