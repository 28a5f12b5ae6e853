import type { ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import type { Activation } from '../engine/kernels.ts';
import { type Initialization, initialParameters } from '../engine/model/initialization.ts';
import type { Loss } from '../engine/model/model.ts';
import { type ModelPlan, planModel } from '../engine/model/model-plan.ts';
import type { ModelSpec } from '../engine/model/model-spec.ts';
import { multilayerPerceptron } from '../engine/model/presets.ts';
import { createNetLab } from './net-lab.ts';
import { layerNorms, tensorNorms } from './tensor-norms.ts';

/** How the weights of a fresh net are drawn: as `initialization` says, times `factor`. */
export interface FreshWeights {
  readonly initialization: Initialization;
  readonly factor: number;
  readonly seed: number;
}

/** A net that has learned nothing yet. */
export interface FreshNet {
  /** The norm of the mean gradient of each of its dense layers, from the first to the last. */
  gradientNorms(set: ExampleSet, weights: FreshWeights): number[];
}

/** The widths of the hidden layers: with the last layer, six layers learn. */
const HIDDEN = [64, 64, 64, 64, 64];

/** The plan of a small net of six dense layers. */
export const planFreshNet = (
  input: ModelSpec['input'],
  classCount: number,
  activation: Activation,
): ModelPlan => planModel({ input, layers: multilayerPerceptron(HIDDEN, activation, classCount) });

/** Takes its buffers from the engine, for as long as the engine lives. */
export function createFreshNet(engine: Engine, plan: ModelPlan, loss: Loss): FreshNet {
  const lab = createNetLab(engine, plan, { loss, wire: 'f32', seed: 0 });
  return {
    gradientNorms(set, { initialization, factor, seed }) {
      const parameters = initialParameters(plan, initialization, seed);
      lab.load(parameters.map((value) => value * factor));
      return layerNorms(plan, tensorNorms(plan, lab.meanGradient(set)));
    },
  };
}
