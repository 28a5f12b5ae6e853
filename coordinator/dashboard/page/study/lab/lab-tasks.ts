import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { Engine } from '../../../../../shared/engine/engine.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import type { NetChange } from '../../../../../shared/study/changed-net.ts';
import { type ChangedStudy, studyChanged } from '../../../../../shared/study/changed-study.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import type { FreshWeights } from '../../../../../shared/study/fresh-net.ts';
import type { NetLab } from '../../../../../shared/study/net-lab.ts';
import { type Nudge, nudge } from '../../../../../shared/study/nudge.ts';
import type { SetStudy } from '../../../../../shared/study/set-study.ts';
import {
  findStrongest,
  type StrongestExamples,
} from '../../../../../shared/study/strongest-examples.ts';
import { type LayerActivity, studyUnits } from '../../../../../shared/study/unit-activity.ts';
import {
  studyUnit,
  type UnitPlace,
  type UnitStudy,
} from '../../../../../shared/study/unit-study.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import {
  type Branch,
  createBranch,
  createSparseDataset,
  type TrainingCounts,
  withRate,
} from '../../../../training/branch.ts';
import type { SavedState } from '../../../../training/parameter-server.ts';
import { freshNorms, gradientNorms } from '../units/unit-tasks.ts';

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
  /** Single examples after those, such as `test 2345`. */
  readonly singles: ReadonlyMap<string, ExampleSet>;
  /** Opens another engine, whose memory is free again when nothing refers to it. */
  openEngine(): Engine;
  /** The branches of the run that this thread trains. */
  readonly branches: Map<number, Branch>;
}

/** A branch of the run, from the state after a step. */
export interface BranchStart extends SavedState {
  readonly id: number;
  /** The branches that the page still needs. */
  readonly ids: readonly number[];
  /** The learning rate is multiplied by it. */
  readonly factor: number;
  readonly counts: TrainingCounts;
  /** The examples that it trains with, and their places in the training set. */
  readonly places: Uint32Array;
  readonly examples: ExampleSet;
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
  /** Examples that the thread does not have, with parameters that need not be those shown. */
  readonly part: {
    argument: { parameters: Float32Array; examples: ExampleSet };
    result: SetStudy;
  };
  /** An image that is in no set. Without a label, the net's own prediction counts as one. */
  readonly own: {
    argument: { inputs: ExampleSet['inputs']; label: number | undefined };
    result: ExampleStudy;
  };
  readonly changed: { argument: { set: StudySet; change: NetChange }; result: ChangedStudy };
  readonly branch: { argument: BranchStart; result: null };
  /** Trains branches on. Returns the next losses of each. */
  readonly advance: { argument: { ids: readonly number[]; steps: number }; result: number[][] };
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
  part: studyPart,
  own: studyOwn,
  changed: ({ lab, sets, parameters }, { set, change }) =>
    studyChanged(lab, parameters, setNamed(sets, set), change),
  branch: beginBranch,
  advance: advanceBranches,
};

/** The inputs and the label of an example, which is loaded with its set or was given alone. */
function exampleAt(
  { lab, sets, singles }: Bench,
  { set: name, index }: ExamplePlace,
): [inputs: ExampleSet['inputs'], label: number] {
  const set = setNamed(sets, name);
  const single = index < set.count ? undefined : singles.get(`${name} ${index}`);
  if (single) return [single.inputs, single.labels[0]];
  if (index >= set.count) throw new Error(`example ${index} of the ${name} set is not loaded`);
  const { inputCount } = lab.plan;
  return [set.inputs.subarray(index * inputCount, (index + 1) * inputCount), set.labels[index]];
}

function setNamed(sets: Bench['sets'], name: StudySet): ExampleSet {
  const set = sets.get(name);
  if (!set) throw new Error(`the examples of the ${name} set are not loaded`);
  return set;
}

function studyPart(
  { lab, parameters: shown }: Bench,
  { parameters, examples }: Argument<'part'>,
): SetStudy {
  lab.load(parameters);
  const study = lab.studySet(examples);
  lab.load(shown);
  return study;
}

function studyOwn({ lab }: Bench, { inputs, label }: Argument<'own'>): ExampleStudy {
  const study = lab.studyExample(inputs, label ?? 0);
  const { prediction } = study;
  return label === undefined && prediction !== 0 ? lab.studyExample(inputs, prediction) : study;
}

function beginBranch({ config, openEngine, branches }: Bench, start: BranchStart): null {
  const { id, ids, factor, counts, places, examples, ...state } = start;
  for (const old of branches.keys()) if (!ids.includes(old)) branches.delete(old);
  const kind = examples.inputs instanceof Float32Array ? 'features' : 'images';
  const changed = withRate(config, factor);
  const dataset = createSparseDataset(changed, kind, counts);
  dataset.add(places, examples);
  branches.set(id, createBranch(openEngine(), changed, dataset, state));
  return null;
}

function advanceBranches({ branches }: Bench, { ids, steps }: Argument<'advance'>): number[][] {
  return ids.map((id) => {
    const branch = branches.get(id);
    if (!branch) throw new Error('this branch is over');
    const losses: number[] = [];
    while (losses.length < steps && losses.every(Number.isFinite)) losses.push(branch.advance());
    return losses;
  });
}
