import type { Engine } from '../engine/engine.ts';
import { createModel, LOSS_AND_CORRECT_LENGTH } from '../engine/model/model.ts';
import type { LeafRange } from '../reduction-tree.ts';
import { createExampleBlock } from './example-block.ts';
import type { RunConfig } from './run-config.ts';
import { EVALUATION_LEAF_SIZE, type Round, type Workload } from './workload.ts';

/** Sums blocks of examples. The examples of a block go through the model together. */
export interface BlockComputer {
  /**
   * Computes the forward pass, the loss and the backward pass for the micro-batches of `node`. They
   * must have at most `rowsMax` examples in total. Sets `sum` to their partial sum.
   */
  train(round: Round, node: LeafRange, parameters: Float32Array, sum: Float32Array): void;
  /** Sets `sum` to the loss sum and the correct count of one leaf of an evaluation. */
  evaluate(round: Round, leaf: number, parameters: Float32Array, sum: Float32Array): void;
}

export function createBlockComputer(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
  rowsMax: number,
): BlockComputer {
  const { kernels } = engine;
  const model = createModel(engine, workload.model, config, rowsMax);
  const { x, labels, examples, gather, scale } = createExampleBlock(engine, config, rowsMax);
  const leafLossAndCorrect = engine.allocate(EVALUATION_LEAF_SIZE * LOSS_AND_CORRECT_LENGTH);

  return {
    train(round, node, parameters, sum) {
      const epoch = Math.floor(round.step / workload.stepsPerEpoch);
      const leafSizes = new Uint32Array(node.hi - node.lo);
      let rows = 0;
      for (let leaf = node.lo; leaf < node.hi; leaf++) {
        const { set, indices } = workload.examples(round, leaf);
        gather(set, indices, rows, epoch);
        leafSizes[leaf - node.lo] = indices.length;
        rows += indices.length;
      }
      scale(rows);
      const { bfloat16LeavesMin } = workload;
      const batch = { leafSizes, bfloat16LeavesMin, rows, training: { epoch, examples } };
      const lossAndCorrect = model.differentiate(parameters, x, labels, batch, sum);
      const place = sum.subarray(-LOSS_AND_CORRECT_LENGTH);
      kernels.sumRows(lossAndCorrect, place, LOSS_AND_CORRECT_LENGTH, leafSizes);
    },

    evaluate(round, leaf, parameters, sum) {
      const { set, indices } = workload.examples(round, leaf);
      for (let start = 0; start < indices.length; start += rowsMax) {
        const part = indices.subarray(start, start + rowsMax);
        gather(set, part, 0);
        scale(part.length);
        const leafSizes = Uint32Array.of(part.length);
        const batch = { leafSizes, rows: part.length, training: undefined };
        const lossAndCorrect = model.evaluate(parameters, x, labels, batch);
        leafLossAndCorrect.set(
          lossAndCorrect.subarray(0, part.length * LOSS_AND_CORRECT_LENGTH),
          start * LOSS_AND_CORRECT_LENGTH,
        );
      }
      const leafSizes = Uint32Array.of(indices.length);
      kernels.sumRows(leafLossAndCorrect, sum, LOSS_AND_CORRECT_LENGTH, leafSizes);
    },
  };
}
