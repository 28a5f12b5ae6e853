import { type LayerSpec, type ModelSpec, planModel, sizeOfShape } from './model-spec.ts';

/** One line: the widths of a multilayer perceptron, or the layers' kinds and sizes. */
export function describeModel(model: ModelSpec): string {
  const { layers, input } = model;
  const isPerceptron = layers.every(({ type }) => type === 'dense' || type === 'activation');
  if (isPerceptron) {
    const widths = layers.flatMap((layer) => (layer.type === 'dense' ? [layer.outputs] : []));
    return [sizeOfShape(input), ...widths].join('-');
  }
  const words = planModel(model).flatMap(({ spec }) => describeLayer(spec) ?? []);
  return [`${input.height}×${input.width}`, ...words].join(' ');
}

/** Undefined for layers that say nothing of a model's size. */
function describeLayer(spec: LayerSpec): string | undefined {
  switch (spec.type) {
    case 'dense':
      return `dense${spec.outputs}`;
    case 'conv2d':
      return `conv${spec.kernel}×${spec.kernel}×${spec.filters}`;
    case 'max-pool':
    case 'average-pool':
      return `pool${spec.size}`;
    default:
      return undefined;
  }
}
