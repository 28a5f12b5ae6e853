import type { Engine } from '../engine/engine.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';
import { type LeafRange, maximalSubtrees, splitPoint } from '../reduction-tree.ts';
import { createBlockComputer } from './block-computer.ts';
import { addHalves } from './node-sum.ts';
import type { PartialSum } from './partial-sum.ts';
import type { RunConfig } from './run-config.ts';
import type { Round, Workload } from './workload.ts';

/** Computes the partial sums of shares: in a worker, and in a coordinator without workers. */
export interface PartialSumComputer {
  /**
   * Yields the partial sum of each maximal subtree of `share`, in ascending order. The next sum
   * overwrites the vector, and the caller may change it until then. Yields `undefined` between two
   * blocks of examples, so that the caller can let others have a turn.
   */
  compute(
    round: Round,
    share: LeafRange,
    parameters: Float32Array,
  ): Generator<PartialSum | undefined>;
  /** Ends the threads of this computer, if it has any. */
  close?(): void;
}

/** Rows of a block, unless a leaf has more. More rows change the speed, not the bits. */
const BLOCK_ROWS_MAX = 256;
/** The activations of a block should fit into the caches. Convolutions need that most. */
const BLOCK_BYTES = 4 * 2 ** 20;

export function createPartialSumComputer(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
): PartialSumComputer {
  const rowsMax = Math.max(blockRows(workload.model), workload.microBatchSizeMax);
  const block = createBlockComputer(engine, config, workload, rowsMax);
  /** One sum for each level of the tree above the blocks. */
  const sums: Float32Array[] = [];
  /** Whether the share under way has had a block. */
  let hasBegun = false;

  function sumAt(level: number, length: number): Float32Array {
    sums[level] ??= engine.allocate(workload.vectorLength('train'));
    return sums[level].subarray(0, length);
  }

  /** Sums a node into vector `level`: its left half there, its right half into the next vector. */
  function* sumNode(
    round: Round,
    node: LeafRange,
    parameters: Float32Array,
    level: number,
  ): Generator<undefined> {
    const { kind } = round;
    const sum = sumAt(level, workload.vectorLength(kind));
    const isLeaf = node.hi - node.lo === 1;
    const isBlock = isLeaf || (kind === 'train' && workload.exampleCount(round, node) <= rowsMax);
    if (isBlock) {
      if (hasBegun) yield;
      hasBegun = true;
      if (kind === 'train') block.train(round, node, parameters, sum);
      else block.evaluate(round, node.lo, parameters, sum);
    } else {
      const middle = splitPoint(node);
      yield* sumNode(round, { lo: node.lo, hi: middle }, parameters, level);
      yield* sumNode(round, { lo: middle, hi: node.hi }, parameters, level + 1);
      addHalves(engine.kernels, workload, kind, node, sum, sumAt(level + 1, sum.length));
    }
  }

  return {
    *compute(round, share, parameters) {
      hasBegun = false;
      for (const node of maximalSubtrees(workload.leafCount(round.kind), share)) {
        yield* sumNode(round, node, parameters, 0);
        yield { node, vector: sumAt(0, workload.vectorLength(round.kind)) };
      }
    },
  };
}

/** As many examples as have their activations, forward and backward, in {@link BLOCK_BYTES}. */
function blockRows({ layers }: ModelPlan): number {
  const valuesPerRow = layers.reduce((sum, { output }) => sum + 2 * sizeOfShape(output), 0);
  const rows = Math.floor(BLOCK_BYTES / (Float32Array.BYTES_PER_ELEMENT * valuesPerRow));
  return Math.max(1, Math.min(BLOCK_ROWS_MAX, rows));
}
