import type { Engine } from '../engine/engine.ts';
import { createModel } from '../engine/model/model.ts';
import { measureLength } from '../engine/model/model-plan.ts';
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
  /** Sets `sum` to the sums of the measures of one leaf of an evaluation. */
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
  const length = measureLength(workload.model);
  const leafMeasures = engine.allocate(EVALUATION_LEAF_SIZE * length);

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
      const measures = model.differentiate(parameters, x, labels, batch, sum);
      kernels.sumRows(measures, sum.subarray(-length), length, leafSizes);
    },

    evaluate(round, leaf, parameters, sum) {
      const { set, indices } = workload.examples(round, leaf);
      for (let start = 0; start < indices.length; start += rowsMax) {
        const part = indices.subarray(start, start + rowsMax);
        gather(set, part, 0);
        scale(part.length);
        const leafSizes = Uint32Array.of(part.length);
        const batch = { leafSizes, rows: part.length, training: undefined };
        const measures = model.evaluate(parameters, x, labels, batch);
        leafMeasures.set(measures.subarray(0, part.length * length), start * length);
      }
      const leafSizes = Uint32Array.of(indices.length);
      kernels.sumRows(leafMeasures, sum, length, leafSizes);
    },
  };
}
