import { isRegression } from '../data/target.ts';
import { planLayer, type Shape } from '../engine/layers/layer-plan.ts';
import type { LayerSpec } from '../engine/layers/layer-spec.ts';
import type { Challenge } from './challenge.ts';
import type { RunConfig } from './run-config.ts';

/** Images with an odd and an even side. They are so small that the answer fits into one frame. */
const IMAGE = { height: 4, width: 5 };
/** As many features, which are not in a row of an image. */
const FEATURES: Shape = { height: 1, width: 1, channels: 20 };
const CLASSES = 3;
const UNITS = 5;
const FILTERS = 2;

/** Seventeen leaves have a tree whose halves differ, and sums that `bf16` does not round. */
const SIZES = { globalBatch: 44, microBatchCount: 17 };

/**
 * The challenge of a run: a tiny model with one layer of each kind that the run's model has, in the
 * same order.
 */
export function challengeFor({ model, dataset }: RunConfig): Challenge {
  const { height, width, channels } = model.input;
  const input: Shape = height * width === 1 ? FEATURES : { ...IMAGE, channels };
  const outputCount = isRegression(dataset) ? 1 : CLASSES;
  let shape = input;
  const layers = firstOfEachKind(model.layers.slice(0, -1)).map((layer, index) => {
    const spec = shrink(layer, shape);
    shape = planLayer(spec, shape, `layer ${index + 1} of the challenge`).output;
    return spec;
  });
  const output: LayerSpec = { type: 'dense', outputs: outputCount };
  return { model: { input, layers: [...layers, output] }, ...SIZES };
}

function firstOfEachKind(layers: readonly LayerSpec[]): LayerSpec[] {
  const kindOf = (layer: LayerSpec) => (layer.type === 'activation' ? layer.function : layer.type);
  const kinds = layers.map(kindOf);
  return layers.filter((_, i) => kinds.indexOf(kinds[i]) === i);
}

/** The same layer with small sizes that fit its input. */
function shrink(layer: LayerSpec, { height, width }: Shape): LayerSpec {
  switch (layer.type) {
    case 'dense':
      return { ...layer, outputs: UNITS };
    case 'conv2d': {
      const { kernel, stride, padding } = layer;
      const kernelMax = padding === 'same' ? 3 : Math.min(2, height, width);
      const sizes = { kernel: Math.min(kernel, kernelMax), stride: Math.min(stride, 2) };
      return { ...layer, filters: FILTERS, ...sizes };
    }
    case 'max-pool':
    case 'average-pool':
      return { ...layer, size: Math.min(layer.size, 2, height, width) };
    default:
      return layer;
  }
}
