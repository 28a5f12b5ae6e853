import type { ExampleSet } from '../data/dataset.ts';
import { changedParameters, type NetChange } from './changed-net.ts';
import type { NetLab } from './net-lab.ts';
import { accuracyOf, lossOf, onlyPrediction, type SetStudy } from './set-study.ts';

/** How good a net is at some examples. */
export interface NetScore {
  readonly accuracy: number;
  readonly loss: number;
  /** The class that it says for all of them; undefined if it says several. */
  readonly only: number | undefined;
}

/** How good a net is before and after a change of its parameters. */
export interface ChangedStudy {
  readonly count: number;
  readonly before: NetScore;
  readonly after: NetScore;
}

/** So many of the first examples are looked at. */
export const PROBE_COUNT = 1000;

/** Changes a copy of the parameters, which are those in the lab, and are there again afterwards. */
export function studyChanged(
  lab: NetLab,
  parameters: Float32Array,
  set: ExampleSet,
  change: NetChange,
): ChangedStudy {
  const count = Math.min(PROBE_COUNT, set.count);
  const before = scoreOf(lab.studySet({ ...set, count }));
  lab.load(changedParameters(lab.plan, parameters, change));
  const after = scoreOf(lab.studySet({ ...set, count }));
  lab.load(parameters);
  return { count, before, after };
}

const scoreOf = (study: SetStudy): NetScore => ({
  accuracy: accuracyOf(study),
  loss: lossOf(study),
  only: onlyPrediction(study),
});
