import type { ExampleSet } from '../data/dataset.ts';
import type { Activation } from '../engine/kernels.ts';
import { type PlannedLayer, sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { Model } from '../engine/model/model.ts';
import type { NetLab } from './net-lab.ts';

/** What the units of an activation layer do over a set. A unit of an image is one channel. */
export interface LayerActivity {
  readonly name: string;
  readonly function: Activation;
  /**
   * [units], in 0..1. If the function saturates on both sides (sigmoid, tanh): the part of the
   * unit's outputs whose slope is below a hundredth of the largest one. Otherwise: the part of the
   * examples in which the unit fires, which means that its input is positive anywhere in the image.
   */
  readonly parts: Float32Array;
}

/** Whether units with this function can be saturated. If not, they fire, or they do not. */
export const saturates = (name: Activation): boolean => name === 'sigmoid' || name === 'tanh';

/** The slope of a saturated output, relative to the largest slope of its function. */
const SLOPE_PART = 0.01;

/** Tests an output: whether its input was positive, or whether it is saturated. */
const TESTS: Readonly<Record<Activation, (y: number) => boolean>> = {
  identity: (y) => y > 0,
  relu: (y) => y > 0,
  'leaky-relu': (y) => y > 0,
  gelu: (y) => y > 0,
  softplus: (y) => y > Math.LN2,
  sigmoid: (y) => y * (1 - y) < SLOPE_PART / 4,
  tanh: (y) => 1 - y * y < SLOPE_PART,
};

/** What the units of each activation layer do over all examples of a set. */
export function studyUnits(lab: NetLab, set: ExampleSet): LayerActivity[] {
  const counts = new Map<string, Float64Array>();
  lab.studySet(set, (model, _first, rows) => count(model, rows, counts));
  return lab.plan.layers.flatMap(({ name, spec, output }) => {
    const counted = counts.get(name);
    if (spec.type !== 'activation' || !counted) return [];
    const { height, width } = output;
    const all = set.count * (saturates(spec.function) ? height * width : 1);
    const parts = Float32Array.from(counted, (value) => value / all);
    return [{ name, function: spec.function, parts }];
  });
}

function count({ outputs }: Model, rows: number, counts: Map<string, Float64Array>): void {
  for (const { planned, values } of outputs) {
    const { name, spec, output } = planned;
    if (spec.type !== 'activation') continue;
    const counted = counts.get(name) ?? new Float64Array(output.channels);
    counts.set(name, counted);
    countOutputs(planned, values.subarray(0, rows * sizeOfShape(output)), spec.function, counted);
  }
}

function countOutputs(
  { output }: PlannedLayer,
  values: Float32Array,
  name: Activation,
  counted: Float64Array,
): void {
  const { channels } = output;
  const size = sizeOfShape(output);
  const isCounted = TESTS[name];
  const countsAll = saturates(name);
  for (let row = 0; row < values.length; row += size)
    for (let channel = 0; channel < channels; channel++)
      for (let i = row + channel; i < row + size; i += channels) {
        if (!isCounted(values[i])) continue;
        counted[channel]++;
        if (!countsAll) break;
      }
}
