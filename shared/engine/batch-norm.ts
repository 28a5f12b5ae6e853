import type { Engine } from './engine.ts';
import { type Batch, type Layer, viewOf } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './model-spec.ts';

/**
 * Each channel with mean 0 and variance 1, then scaled and shifted by what is learnt: over the pixels of one leaf (a
 * micro-batch) while training, so that the result does not depend on who computes it; with the running averages when
 * evaluating. Variances are those of the leaf itself, without correction.
 * (S. Ioffe, C. Szegedy, "Batch normalization", 2015.)
 */
export function createBatchNorm(engine: Engine, planned: PlannedLayer, rowsMax: number): Layer {
  const { kernels } = engine;
  const { output, tensors } = planned;
  const [scale, shift, mean, variance] = tensors;
  const { channels } = output;
  const positions = output.height * output.width;
  const size = rowsMax * sizeOfShape(output);
  const [normalized, y, dx] = [engine.allocate(size), engine.allocate(size), engine.allocate(size)];
  const zeros = engine.allocate(channels);
  /** Of each leaf [leaves, channels]; as many leaves as rows at the most, beside empty ones. */
  let leafValues = allocateLeafValues(rowsMax);

  function allocateLeafValues(leafCount: number) {
    const allocate = () => engine.allocate(leafCount * channels);
    return { leafCount, means: allocate(), variances: allocate(), weighted: allocate(), factors: allocate() };
  }

  const pixelsOf = ({ leafSizes }: Batch) => leafSizes.map((rows) => rows * positions);

  /** Each leaf's value times its rows, summed over the tree. */
  function sumWeighted(values: Float32Array, sums: Float32Array, { leafSizes }: Batch): void {
    const { weighted, factors } = leafValues;
    for (const [leaf, rows] of leafSizes.entries()) {
      factors.fill(rows, leaf * channels, (leaf + 1) * channels);
      if (rows === 0) values.fill(0, leaf * channels, (leaf + 1) * channels);
    }
    kernels.multiply(values, factors, weighted, leafSizes.length * channels);
    kernels.sumRows(weighted, sums, channels, new Uint32Array(leafSizes.length).fill(1));
  }

  return {
    forward(parameters, x, batch) {
      const { rows, leafSizes, training } = batch;
      if (leafSizes.length > leafValues.leafCount) leafValues = allocateLeafValues(leafSizes.length);
      const { means, variances } = leafValues;
      if (training) kernels.normalize(x, normalized, means, variances, channels, pixelsOf(batch));
      else {
        const [runningMean, runningVariance] = [viewOf(parameters, mean), viewOf(parameters, variance)];
        kernels.normalizeBy(x, normalized, runningMean, runningVariance, rows * positions, channels);
      }
      const [factor, offset] = [viewOf(parameters, scale), viewOf(parameters, shift)];
      kernels.scaleAndShift(normalized, factor, offset, y, rows * positions, channels);
      return y;
    },

    backward(parameters, dy, gradient, batch, needsInputGradient) {
      const { rows } = batch;
      const pixels = pixelsOf(batch);
      const { means, variances } = leafValues;
      kernels.multiply(dy, normalized, dx, rows * positions * channels);
      kernels.sumRows(dx, viewOf(gradient, scale), channels, pixels);
      kernels.sumRows(dy, viewOf(gradient, shift), channels, pixels);
      sumWeighted(means, viewOf(gradient, mean), batch);
      sumWeighted(variances, viewOf(gradient, variance), batch);
      if (needsInputGradient) {
        const factor = viewOf(parameters, scale);
        kernels.scaleAndShift(dy, factor, zeros, y, rows * positions, channels);
        kernels.normalizeBackward(normalized, y, dx, variances, channels, pixels);
      }
      return dx;
    },
  };
}
