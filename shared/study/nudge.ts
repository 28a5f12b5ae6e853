import type { ExampleSet } from '../data/dataset.ts';
import type { NetLab } from './net-lab.ts';

/** What steps of plain gradient descent on one example alone do to its outputs. */
export interface Nudge {
  /** The outputs after each number of steps, from 0 on. */
  readonly outputs: readonly Float32Array[];
  /** The losses, in the same order. */
  readonly losses: readonly number[];
}

/**
 * Takes `steps` steps w ← w − rate · ∂L/∂w on a copy of `parameters`, for one example. The lab has
 * the given parameters again afterward.
 */
export function nudge(
  lab: NetLab,
  parameters: Float32Array,
  [inputs, label]: readonly [inputs: ExampleSet['inputs'], label: number],
  { rate, steps }: { readonly rate: number; readonly steps: number },
): Nudge {
  const copy = parameters.slice();
  const outputs: Float32Array[] = [];
  const losses: number[] = [];
  for (let step = 0; step <= steps; step++) {
    lab.load(copy);
    const study = lab.studyExample(inputs, label);
    outputs.push(study.outputs);
    losses.push(study.loss);
    // Running averages are measured, not trained.
    for (let i = 0; i < lab.plan.trainedCount; i++) copy[i] -= rate * study.gradient[i];
  }
  lab.load(parameters);
  return { outputs, losses };
}
