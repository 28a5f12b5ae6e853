import type { ExampleSet } from './data/dataset.ts';
import type { Engine } from './engine/engine.ts';
import { createModel, STATISTIC_COUNT } from './engine/model.ts';
import { type LeafRange, maximalSubtrees, splitPoint } from './reduction-tree.ts';
import type { RunConfig } from './run-config.ts';
import type { Round, Workload } from './workload.ts';

/** The sum over one node of the reduction tree. */
export interface PartialSum {
  readonly node: LeafRange;
  /** Gradient and statistics, see {@link Workload}; a view that the next one overwrites. */
  readonly vector: Float32Array;
}

/** Computes shares of rounds: the work of a worker, and of a coordinator that has none. */
export interface ShareComputer {
  /**
   * The partial sums of the largest tree nodes inside `share`, in order. Yields `undefined` after each block of
   * examples, so that whoever runs it can let others have a turn.
   */
  compute(round: Round, share: LeafRange, parameters: Float32Array): Generator<PartialSum | undefined>;
}

/** Examples that go through the model together, where the leaves are not larger; it changes speed, not bits. */
const BLOCK_SIZE = 256;

export function createShareComputer(engine: Engine, config: RunConfig, workload: Workload): ShareComputer {
  const { kernels } = engine;
  const { inputs } = config.model;
  const rowsMax = Math.max(BLOCK_SIZE, workload.leafSizeMax);
  const model = createModel(engine, config.model, config.loss, rowsMax);
  const bytes = engine.allocateBytes(rowsMax * inputs);
  const labels = engine.allocateBytes(rowsMax);
  const x = engine.allocate(rowsMax * inputs);
  /** Sums under way, one a level of the tree above the blocks. */
  const stack: Float32Array[] = [];

  function vectorAt(level: number, length: number): Float32Array {
    stack[level] ??= engine.allocate(workload.vectorLength('train'));
    return stack[level].subarray(0, length);
  }

  /** Sums a node whose examples go through the model together: one training step's work, on a part of the batch. */
  function computeBlock(round: Round, node: LeafRange, parameters: Float32Array, vector: Float32Array): void {
    const leafSizes = new Uint32Array(node.hi - node.lo);
    let rows = 0;
    for (let leaf = node.lo; leaf < node.hi; leaf++) {
      const { set, indices } = workload.examples(round, leaf);
      gather(set, indices, rows);
      leafSizes[leaf - node.lo] = indices.length;
      rows += indices.length;
    }
    kernels.scaleBytes(bytes, x, rows * inputs);
    const statistics =
      round.kind === 'train'
        ? model.differentiate(parameters, x, labels, leafSizes, vector)
        : model.evaluate(parameters, x, labels, rows);
    kernels.sumRows(statistics, vector.subarray(-STATISTIC_COUNT), STATISTIC_COUNT, leafSizes);
  }

  /** Copies examples to the rows from `firstRow` of the block. */
  function gather(set: ExampleSet, indices: Uint32Array, firstRow: number): void {
    for (const [row, index] of indices.entries()) {
      bytes.set(set.pixels.subarray(index * inputs, (index + 1) * inputs), (firstRow + row) * inputs);
      labels[firstRow + row] = set.labels[index];
    }
  }

  /** Sums the node into the vector of `level`: its left half there, its right half one level up. */
  function* sumNode(
    round: Round,
    node: LeafRange,
    parameters: Float32Array,
    level: number,
  ): Generator<undefined> {
    const vector = vectorAt(level, workload.vectorLength(round.kind));
    if (node.hi - node.lo === 1 || workload.exampleCount(round, node) <= rowsMax) {
      computeBlock(round, node, parameters, vector);
      yield;
      return;
    }
    const middle = splitPoint(node);
    yield* sumNode(round, { lo: node.lo, hi: middle }, parameters, level);
    yield* sumNode(round, { lo: middle, hi: node.hi }, parameters, level + 1);
    kernels.addInto(vector, vectorAt(level + 1, vector.length));
  }

  return {
    *compute(round, share, parameters) {
      for (const node of maximalSubtrees(workload.leafCount(round.kind), share)) {
        yield* sumNode(round, node, parameters, 0);
        yield { node, vector: vectorAt(0, workload.vectorLength(round.kind)) };
      }
    },
  };
}
