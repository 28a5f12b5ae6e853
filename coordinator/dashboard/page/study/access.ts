import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import { classNamesOf } from '../../../../shared/data/target.ts';
import type { ModelPlan } from '../../../../shared/engine/model/model-plan.ts';
import type { StudyAnswer, StudySet } from '../../../study/study-answer.ts';
import type { ChannelView } from './features/unit-weights.ts';
import type { WeightsName } from './flow/fresh-text.ts';
import type { Argument, Result, TaskName } from './lab/lab-tasks.ts';

/** Everything that follows from the run's configuration. */
export interface OpenStudy extends StudyAnswer {
  readonly plan: ModelPlan;
}

export interface Dated<Value> {
  readonly value: Value;
  /** The step of the parameters that it was computed with. */
  readonly step: number;
}

/** What longer computations need: those of many answers and tasks, without a document. */
export interface StudyAccess {
  /** Undefined while it is not known. */
  readonly opened: OpenStudy | undefined;
  /** The step of the parameters that are here. */
  readonly step: number | undefined;
  /** The parameters that are here [parameterCount]. They are replaced, but never changed. */
  readonly parameters: Float32Array | undefined;
  /** Examples of a set, which are not kept. Rejects with a reason for people. */
  fetchExamples(name: StudySet, chosen: string): Promise<ExampleSet>;
  /**
   * The state that a run goes on from after a kept step, or after the newest one: the parameters,
   * then the tensors of the optimizer. Rejects with a reason for people.
   */
  fetchState(step: number | undefined): Promise<{ step: number; values: Float32Array }>;
  /**
   * Computes something once, with the newest parameters or with others. Rejects with a reason for
   * people.
   */
  perform<Name extends TaskName>(
    name: Name,
    argument: Argument<Name>,
    parameters?: Float32Array,
  ): Promise<Result<Name>>;
}

/** What the user studies. */
export interface Chosen {
  /** The set of the example, and its place there. */
  readonly set: StudySet;
  readonly index: number;
  /** Whether the next example that the net gets wrong is looked for. */
  readonly isSeeking: boolean;
  /** The initial weights of the fresh nets. */
  readonly weights: WeightsName;
  /** The layer whose units are shown; undefined: the first. */
  readonly layer?: string | undefined;
  /** One of these units; undefined: that with the largest weights. */
  readonly unit?: number | undefined;
  /** Whether the change of weights since the start is shown, instead of the weights. */
  readonly difference: boolean;
  readonly channelView: ChannelView;
}

/** What a panel keeps its state with: what the user studies, and what is computed of it. */
export interface ChosenStudy {
  readonly studies: {
    /** Undefined while it is not known. */
    readonly opened: OpenStudy | undefined;
    /** The step of the parameters that are here. */
    readonly step: number | undefined;
    /** The newest result of a task; undefined if there is none yet. */
    result<Name extends TaskName>(
      name: Name,
      argument: Argument<Name>,
    ): Dated<Result<Name>> | undefined;
    /** Sees to it that there is a result. `needs` names the set that it is computed with. */
    want<Name extends TaskName>(name: Name, argument: Argument<Name>, needs?: StudySet): void;
    /** Keeps the net as it is. */
    hold(): void;
  };
  readonly chosen: Chosen;
  choose(part: Partial<Chosen>): void;
}

/** The names of the run's classes; none while they are not known, or for regression. */
export const classesOf = ({ opened }: Pick<StudyAccess, 'opened'>): readonly string[] =>
  opened ? classNamesOf(opened.config.dataset) : [];
