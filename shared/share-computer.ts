import { gatherExamples } from './data/dataset.ts';
import type { Kernels } from './engine/kernels.ts';
import { createModel } from './engine/model.ts';
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
   * The partial sums of the largest tree nodes inside `share`, in order. Yields nothing but `undefined` after each
   * single leaf, so that whoever runs it can let others have a turn.
   */
  compute(round: Round, share: LeafRange, parameters: Float32Array): Generator<PartialSum | undefined>;
}

export function createShareComputer(kernels: Kernels, config: RunConfig, workload: Workload): ShareComputer {
  const { inputs, outputs } = config.model;
  const model = createModel(kernels, config.model, config.loss, workload.leafSizeMax);
  const x = new Float32Array(workload.leafSizeMax * inputs);
  const labels = new Uint8Array(workload.leafSizeMax);
  /** Sums under way, one a level of the tree. */
  const stack: Float32Array[] = [];

  function vectorAt(level: number, length: number): Float32Array {
    stack[level] ??= new Float32Array(workload.vectorLength('train'));
    return stack[level].subarray(0, length);
  }

  function computeLeaf(round: Round, leaf: number, parameters: Float32Array, vector: Float32Array): void {
    const { set, indices } = workload.examples(round, leaf);
    const rows = indices.length;
    gatherExamples(set, indices, inputs, x, labels);
    vector.fill(0);
    if (rows === 0) return;
    const { logits, lossSum } =
      round.kind === 'train'
        ? model.differentiate(parameters, x, labels, rows, vector)
        : model.evaluate(parameters, x, labels, rows);
    vector.set([lossSum, kernels.countCorrect(logits, labels, rows, outputs)], vector.length - 2);
  }

  /** Sums the node into the vector of `level`: its left half there, its right half one level up. */
  function* sumNode(
    round: Round,
    node: LeafRange,
    parameters: Float32Array,
    level: number,
  ): Generator<undefined> {
    const vector = vectorAt(level, workload.vectorLength(round.kind));
    if (node.hi - node.lo === 1) {
      computeLeaf(round, node.lo, parameters, vector);
      yield;
      return;
    }
    const middle = splitPoint(node);
    yield* sumNode(round, { lo: node.lo, hi: middle }, parameters, level);
    yield* sumNode(round, { lo: middle, hi: node.hi }, parameters, level + 1);
    kernels.addInto(vector, vectorAt(level + 1, vector.length), vector.length);
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
