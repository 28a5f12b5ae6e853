import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { Engine } from '../../../../../shared/engine/engine.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import {
  createFreshNet,
  type FreshNet,
  type FreshWeights,
  planFreshNet,
} from '../../../../../shared/study/fresh-net.ts';
import type { NetLab } from '../../../../../shared/study/net-lab.ts';
import { layerNorms, tensorNorms } from '../../../../../shared/study/tensor-norms.ts';

/** The functions that are compared. */
export const FRESH_ACTIVATIONS = ['sigmoid', 'relu'] as const;

/** The examples over which a gradient in the page is the mean. */
export const GRADIENT_EXAMPLES = 500;

const firstOf = (set: ExampleSet): ExampleSet => ({
  ...set,
  count: Math.min(GRADIENT_EXAMPLES, set.count),
});

/** The norms of the layers' mean gradient over the first examples of a set. */
export const gradientNorms = ({ plan, meanGradient }: NetLab, set: ExampleSet): number[] =>
  layerNorms(plan, tensorNorms(plan, meanGradient(firstOf(set))));

/** An engine keeps its buffers, so each net is made once. */
const nets = new WeakMap<Engine, readonly FreshNet[]>();

/** The gradients' norms of fresh nets with each of `FRESH_ACTIVATIONS`. */
export function freshNorms(
  engine: Engine,
  { model, loss }: RunConfig,
  { plan: { classCount } }: NetLab,
  set: ExampleSet,
  weights: FreshWeights,
): number[][] {
  const all =
    nets.get(engine) ??
    FRESH_ACTIVATIONS.map((name) =>
      createFreshNet(engine, planFreshNet(model.input, classCount, name), loss),
    );
  nets.set(engine, all);
  return all.map((net) => net.gradientNorms(firstOf(set), weights));
}
