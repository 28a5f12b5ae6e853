import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import type { Engine } from '../../../../shared/engine/engine.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import type { ExampleStudy } from '../../../../shared/study/example-study.ts';
import type { FreshWeights } from '../../../../shared/study/fresh-net.ts';
import type { NetLab } from '../../../../shared/study/net-lab.ts';
import { type Nudge, nudge } from '../../../../shared/study/nudge.ts';
import type { SetStudy } from '../../../../shared/study/set-study.ts';
import {
  findStrongest,
  type StrongestExamples,
} from '../../../../shared/study/strongest-examples.ts';
import { type LayerActivity, studyUnits } from '../../../../shared/study/unit-activity.ts';
import { studyUnit, type UnitPlace, type UnitStudy } from '../../../../shared/study/unit-study.ts';
import type { StudySet } from '../../../study/study-answer.ts';
import { freshNorms, gradientNorms } from './units/unit-tasks.ts';

/*
 * What the page lets the engine compute. To add a task, name its argument and result in `Tasks`,
 * and write its function in `TASKS`. Arguments and results are copied between threads.
 */

/** What tasks compute with. */
export interface Bench {
  readonly config: RunConfig;
  readonly engine: Engine;
  /** It has the parameters that the page shows. A task that loads others restores them. */
  readonly lab: NetLab;
  /** [parameterCount], the parameters that the page shows. */
  readonly parameters: Float32Array;
  /** The examples that the page has loaded, from the first of each set. */
  readonly sets: ReadonlyMap<StudySet, ExampleSet>;
}

/** An example by its set and its place there. */
export interface ExamplePlace {
  readonly set: StudySet;
  readonly index: number;
}

export interface Tasks {
  readonly example: { argument: ExamplePlace; result: ExampleStudy };
  readonly unit: { argument: ExamplePlace & UnitPlace; result: UnitStudy };
  readonly nudge: { argument: ExamplePlace & { rate: number; steps: number }; result: Nudge };
  readonly set: { argument: { set: StudySet }; result: SetStudy };
  readonly gradients: { argument: { set: StudySet }; result: number[] };
  readonly fresh: { argument: { set: StudySet; weights: FreshWeights }; result: number[][] };
  readonly units: { argument: { set: StudySet }; result: LayerActivity[] };
  readonly strongest: { argument: { set: StudySet; layer: string }; result: StrongestExamples };
}
export type TaskName = keyof Tasks;
export type Argument<Name extends TaskName> = Tasks[Name]['argument'];
export type Result<Name extends TaskName> = Tasks[Name]['result'];

export const TASKS: {
  readonly [Name in TaskName]: (bench: Bench, argument: Argument<Name>) => Result<Name>;
} = {
  example: (bench, place) => bench.lab.studyExample(...exampleAt(bench, place)),
  unit(bench, place) {
    const study = bench.lab.studyExample(...exampleAt(bench, place));
    return studyUnit(study, bench.lab.parameters, place);
  },
  nudge: (bench, argument) =>
    nudge(bench.lab, bench.parameters, exampleAt(bench, argument), argument),
  set: ({ lab, sets }, { set }) => lab.studySet(setNamed(sets, set)),
  gradients: ({ lab, sets }, { set }) => gradientNorms(lab, setNamed(sets, set)),
  fresh: ({ engine, config, lab, sets }, { set, weights }) =>
    freshNorms(engine, config, lab, setNamed(sets, set), weights),
  units: ({ lab, sets }, { set }) => studyUnits(lab, setNamed(sets, set)),
  strongest: ({ lab, sets }, { set, layer }) => findStrongest(lab, setNamed(sets, set), layer),
};

function exampleAt({ sets, lab }: Bench, { set, index }: ExamplePlace): [Uint8Array, number] {
  const { pixels, labels } = setNamed(sets, set);
  const { inputCount } = lab.plan;
  return [pixels.subarray(index * inputCount, (index + 1) * inputCount), labels[index]];
}

function setNamed(sets: Bench['sets'], name: StudySet): ExampleSet {
  const set = sets.get(name);
  if (!set) throw new Error(`the examples of the ${name} set are not loaded`);
  return set;
}
