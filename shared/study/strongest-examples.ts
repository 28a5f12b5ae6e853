import type { ExampleSet } from '../data/dataset.ts';
import { type PlannedLayer, sizeOfShape } from '../engine/layers/layer-plan.ts';
import { type ModelPlan, predictsNumber } from '../engine/model/model-plan.ts';
import type { NetLab } from './net-lab.ts';

/** The examples at which each unit of a layer has its largest outputs. */
export interface StrongestExamples {
  /** The layer whose outputs these are: after normalization and activation, if there are some. */
  readonly name: string;
  /** The examples per unit: nine, or all if the set has fewer. */
  readonly perUnit: number;
  /** [units, perUnit], strongest first. */
  readonly indices: Uint32Array;
  /** The outputs at these [units, perUnit]. A channel's output is the largest in its image. */
  readonly values: Float32Array;
  /** The mean output per unit and class [units, classes]; NaN without examples of the class. */
  readonly classMeans: Float32Array;
}

const PER_UNIT = 9;

/** The layers that have weights, whose units can be studied. */
export const weightLayers = ({ layers }: Pick<ModelPlan, 'layers'>): readonly PlannedLayer[] =>
  layers.filter(({ spec }) => spec.type === 'dense' || spec.type === 'conv2d');

/** The layer that gives the outputs of the units of a dense layer or of a convolution. */
export function outputLayer({ layers }: Pick<ModelPlan, 'layers'>, name: string): PlannedLayer {
  let index = layers.findIndex((layer) => layer.name === name);
  if (index < 0) throw new Error(`the model has no layer ${name}`);
  const follows = () => ['batch-norm', 'activation'].includes(layers[index + 1]?.spec.type);
  while (follows()) index++;
  return layers[index];
}

/** The strongest examples of the units of the layer `name`, over a set. */
export function findStrongest(lab: NetLab, set: ExampleSet, name: string): StrongestExamples {
  const { classCount } = lab.plan;
  const layer = outputLayer(lab.plan, name);
  const { channels } = layer.output;
  const size = sizeOfShape(layer.output);
  const perUnit = Math.min(PER_UNIT, set.count);
  const indices = new Uint32Array(channels * perUnit);
  const values = new Float32Array(channels * perUnit).fill(Number.NEGATIVE_INFINITY);
  // A number has no classes to take the means of.
  const isNumber = predictsNumber(lab.plan);
  const sums = new Float64Array(isNumber ? 0 : channels * classCount);
  const classSizes = new Uint32Array(classCount);
  lab.studySet(set, ({ outputs }, first, rows) => {
    const all = outputs.find(({ planned }) => planned.name === layer.name)?.values;
    for (let row = 0; row < rows && all; row++) {
      const example = first + row;
      const label = set.labels[example];
      if (!isNumber) classSizes[label]++;
      for (let unit = 0; unit < channels; unit++) {
        const value = largest(all, row * size + unit, (row + 1) * size, channels);
        if (!isNumber) sums[unit * classCount + label] += value;
        insert(indices, values, unit * perUnit, (unit + 1) * perUnit, example, value);
      }
    }
  });
  const classMeans = Float32Array.from(sums, (sum, i) => sum / classSizes[i % classCount]);
  return { name: layer.name, perUnit, indices, values, classMeans };
}

function largest(values: Float32Array, from: number, to: number, every: number): number {
  let found = values[from];
  for (let i = from + every; i < to; i += every) if (values[i] > found) found = values[i];
  return found;
}

/** Puts an example in its place in the list [from, to). Of equal ones, the first stays first. */
function insert(
  indices: Uint32Array,
  values: Float32Array,
  from: number,
  to: number,
  example: number,
  value: number,
): void {
  let place = to;
  while (place > from && value > values[place - 1]) place--;
  if (place === to) return;
  values.copyWithin(place + 1, place, to - 1);
  indices.copyWithin(place + 1, place, to - 1);
  values[place] = value;
  indices[place] = example;
}
