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
  /** As many leaves as rows at the most, beside empty ones. */
  let leaves = allocateLeaves(rowsMax);

  function allocateLeaves(leafCount: number) {
    const allocate = () => engine.allocate(leafCount * channels);
    return {
      leafCount,
      ...{ means: allocate(), variances: allocate(), dScales: allocate(), dShifts: allocate() },
      ...{ weighted: allocate(), sizes: allocate() },
    };
  }

  const pixelsOf = ({ leafSizes }: Batch) => leafSizes.map((rows) => rows * positions);

  /** What was measured of each leaf, summed over the tree; a leaf without rows has no part. */
  function sumLeaves(values: Float32Array, sums: Float32Array, { leafSizes, narrowFrom }: Batch): void {
    for (const [leaf, rows] of leafSizes.entries()) {
      if (rows === 0) values.fill(0, leaf * channels, (leaf + 1) * channels);
    }
    kernels.sumRows(values, sums, channels, new Uint32Array(leafSizes.length).fill(1), narrowFrom);
  }

  /** The same of each leaf's value times its rows. */
  function sumWeighted(values: Float32Array, sums: Float32Array, batch: Batch): void {
    const { weighted, sizes } = leaves;
    for (const [leaf, rows] of batch.leafSizes.entries()) {
      sizes.fill(rows, leaf * channels, (leaf + 1) * channels);
    }
    kernels.multiply(values, sizes, weighted, batch.leafSizes.length * channels);
    sumLeaves(weighted, sums, batch);
  }

  return {
    forward(parameters, x, batch) {
      const affine = { scale: viewOf(parameters, scale), shift: viewOf(parameters, shift) };
      if (!batch.training) {
        const [runningMean, runningVariance] = [viewOf(parameters, mean), viewOf(parameters, variance)];
        kernels.normalizeBy(x, affine, y, runningMean, runningVariance, batch.rows * positions, channels);
        return y;
      }
      if (batch.leafSizes.length > leaves.leafCount) leaves = allocateLeaves(batch.leafSizes.length);
      kernels.normalize(x, affine, normalized, y, leaves, channels, pixelsOf(batch));
      return y;
    },

    backward(parameters, dy, gradient, batch) {
      const factor = viewOf(parameters, scale);
      kernels.normalizeBackward(normalized, dy, factor, dx, leaves, channels, pixelsOf(batch));
      sumLeaves(leaves.dScales, viewOf(gradient, scale), batch);
      sumLeaves(leaves.dShifts, viewOf(gradient, shift), batch);
      sumWeighted(leaves.means, viewOf(gradient, mean), batch);
      sumWeighted(leaves.variances, viewOf(gradient, variance), batch);
      return dx;
    },
  };
}
