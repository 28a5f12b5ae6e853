import type { LayerSpec } from '../layers/layer-spec.ts';
import type { ModelPlan } from './model-plan.ts';

/**
 * A description of one line: the widths of a multilayer perceptron, or the kinds and sizes of the
 * layers.
 */
export function describeModel(plan: ModelPlan): string {
  const { layers } = plan.spec;
  const isPerceptron = layers.every(({ type }) => type === 'dense' || type === 'activation');
  if (isPerceptron) {
    const widths = layers.flatMap((layer) => (layer.type === 'dense' ? [layer.outputs] : []));
    return [plan.inputCount, ...widths].join('-');
  }
  const words = plan.layers.flatMap(({ spec }) => describeLayer(spec) ?? []);
  return [`${plan.spec.input.height}×${plan.spec.input.width}`, ...words].join(' ');
}

/** Undefined for a layer that says nothing about the size of the model. */
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
