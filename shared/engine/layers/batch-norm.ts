import type { Engine } from '../engine.ts';
import { type Batch, type Layer, viewOf } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './layer-plan.ts';

/**
 * Normalizes each channel to mean 0 and variance 1, and then applies a learned scale and shift.
 * (S. Ioffe, C. Szegedy, "Batch normalization", 2015.)
 *
 * In training the mean and variance are those of the pixels of one leaf (a micro-batch), so the
 * result does not depend on the worker that computes it. In evaluation they are the running
 * averages, which are constants then: each pixel's gradient is scaled, and their own gradients are
 * zero. Variances are those of the leaf itself, without Bessel's correction.
 */
export function createBatchNorm(engine: Engine, planned: PlannedLayer, rowsMax: number): Layer {
  const { kernels } = engine;
  const { output, tensors } = planned;
  const [scale, shift, mean, variance] = tensors;
  const { channels } = output;
  const positions = output.height * output.width;
  const size = rowsMax * sizeOfShape(output);
  const [normalized, y, dx] = [engine.allocate(size), engine.allocate(size), engine.allocate(size)];
  const pixelsOf = ({ leafSizes }: Batch) => leafSizes.map((rows) => rows * positions);
  const leafSums = createLeafSums(engine, channels, rowsMax);
  const zeros = engine.allocate(channels);
  const unit = { scale: engine.allocate(channels).fill(1), shift: zeros };
  let x: Float32Array = y;

  /** The backward pass by running averages, as `forward` has normalized. */
  function backwardByAverages(
    parameters: Float32Array,
    dy: Float32Array,
    gradient: Float32Array,
    { rows, leafSizes, bfloat16LeavesMin }: Batch,
  ): Float32Array {
    const [means, variances] = [viewOf(parameters, mean), viewOf(parameters, variance)];
    const pixels = rows * positions;
    const leafPixels = leafSizes.map((size) => size * positions);
    kernels.normalizeBy(x, unit, normalized, means, variances, pixels, channels);
    kernels.multiply(dy, normalized, dx, pixels * channels);
    kernels.sumRows(dx, viewOf(gradient, scale), channels, leafPixels, bfloat16LeavesMin);
    kernels.sumRows(dy, viewOf(gradient, shift), channels, leafPixels, bfloat16LeavesMin);
    viewOf(gradient, mean).fill(0);
    viewOf(gradient, variance).fill(0);
    const affine = { scale: viewOf(parameters, scale), shift: zeros };
    kernels.normalizeBy(dy, affine, dx, zeros, variances, pixels, channels);
    return dx;
  }

  return {
    forward(parameters, input, batch) {
      x = input;
      const affine = { scale: viewOf(parameters, scale), shift: viewOf(parameters, shift) };
      if (!batch.training) {
        const [means, variances] = [viewOf(parameters, mean), viewOf(parameters, variance)];
        const pixels = batch.rows * positions;
        kernels.normalizeBy(x, affine, y, means, variances, pixels, channels);
        return y;
      }
      const leaves = leafSums.leavesFor(batch);
      kernels.normalize(x, affine, normalized, y, leaves, channels, pixelsOf(batch));
      return y;
    },

    backward(parameters, dy, gradient, batch) {
      if (!batch.training) return backwardByAverages(parameters, dy, gradient, batch);
      const factor = viewOf(parameters, scale);
      const leaves = leafSums.leavesFor(batch);
      kernels.normalizeBackward(normalized, dy, factor, dx, leaves, channels, pixelsOf(batch));
      leafSums.sum(leaves.dScales, viewOf(gradient, scale), batch);
      leafSums.sum(leaves.dShifts, viewOf(gradient, shift), batch);
      leafSums.sumTimesRows(leaves.means, viewOf(gradient, mean), batch);
      leafSums.sumTimesRows(leaves.variances, viewOf(gradient, variance), batch);
      return dx;
    },
  };
}

/** The measures of each leaf, each [leaves, channels], and their sums over the tree. */
function createLeafSums({ kernels, allocate }: Engine, channels: number, leavesMax: number) {
  let leaves = allocateLeaves(leavesMax);

  function allocateLeaves(leafCount: number) {
    const values = () => allocate(leafCount * channels);
    return {
      leafCount,
      means: values(),
      variances: values(),
      dScales: values(),
      dShifts: values(),
      weighted: values(),
      sizes: values(),
    };
  }

  /**
   * Sets `sums` [channels] to the sum of the leaves' `values` over the tree. Clears the values of
   * leaves without rows first, in place, so that they add nothing.
   */
  function sum(values: Float32Array, sums: Float32Array, batch: Batch): void {
    const { leafSizes, bfloat16LeavesMin } = batch;
    for (const [leaf, rows] of leafSizes.entries()) {
      if (rows === 0) values.fill(0, leaf * channels, (leaf + 1) * channels);
    }
    const ones = new Uint32Array(leafSizes.length).fill(1);
    kernels.sumRows(values, sums, channels, ones, bfloat16LeavesMin);
  }

  return {
    sum,
    /**
     * Buffers with room for each leaf of the batch. They rarely grow: only empty leaves can make
     * more leaves than rows.
     */
    leavesFor({ leafSizes }: Batch) {
      if (leafSizes.length > leaves.leafCount) leaves = allocateLeaves(leafSizes.length);
      return leaves;
    },
    /** The same as `sum`, with each leaf's values multiplied by its number of rows. */
    sumTimesRows(values: Float32Array, sums: Float32Array, batch: Batch): void {
      const { weighted, sizes } = leaves;
      for (const [leaf, rows] of batch.leafSizes.entries()) {
        sizes.fill(rows, leaf * channels, (leaf + 1) * channels);
      }
      kernels.multiply(values, sizes, weighted, batch.leafSizes.length * channels);
      sum(weighted, sums, batch);
    },
  };
}
