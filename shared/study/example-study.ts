import type { PlannedLayer } from '../engine/layers/layer-plan.ts';

/** What a net does with one example, forward and backward. Nothing is a view of the engine. */
export interface ExampleStudy {
  /** The input [pixels], values in [0, 1]. */
  readonly pixels: Float32Array;
  readonly label: number;
  /** The class of the largest output, or of the first of equally large ones. */
  readonly prediction: number;
  /** The loss of this example, to the bit as the run computes it in an evaluation. */
  readonly loss: number;
  readonly logits: Float32Array;
  /** What is compared with the targets: softmax(logits), or for squared error the logits. */
  readonly outputs: Float32Array;
  /** 1 for the label, 0 for the other classes. */
  readonly targets: Float32Array;
  /** The layers that compute something, from the first to the last. */
  readonly layers: readonly LayerStudy[];
  /** The derivative of the loss by each parameter [parameterCount]: this example's gradient. */
  readonly gradient: Float32Array;
}

export interface LayerStudy {
  readonly planned: PlannedLayer;
  /** The output of each unit. The input of a layer is the output of the one before it. */
  readonly values: Float32Array;
  /** The derivative of the loss by each of `values`. */
  readonly deltas: Float32Array;
  /**
   * The derivative of each of `values` by the value before it, as a layer that changes each value
   * on its own has it. Undefined for layers that add up many values.
   */
  readonly slopes?: Float32Array | undefined;
}
