import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import type { RegressionManifest } from '../../../../shared/data/manifest.ts';
import { classNamesOf, isRegression } from '../../../../shared/data/target.ts';
import type { ModelPlan } from '../../../../shared/engine/model/model-plan.ts';
import type { StudyAnswer, StudySet } from '../../../study/study-answer.ts';
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

/** The manifest of a run whose target is a number; undefined for classes. */
export const numberOf = ({
  opened,
}: Pick<StudyAccess, 'opened'>): RegressionManifest | undefined =>
  opened && isRegression(opened.config.dataset) ? opened.config.dataset : undefined;

/** The name of each output: those of the classes, or that of the number. */
export function outputNamesOf(studies: Pick<StudyAccess, 'opened'>): readonly string[] {
  const number = numberOf(studies);
  return number ? [number.target.name] : classesOf(studies);
}

/** The names of the run's classes; none while they are not known, or for regression. */
export const classesOf = ({ opened }: Pick<StudyAccess, 'opened'>): readonly string[] =>
  opened ? classNamesOf(opened.config.dataset) : [];
