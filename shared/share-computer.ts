import { createAugmentation } from './data/augmentation.ts';
import type { ExampleSet } from './data/dataset.ts';
import type { Engine } from './engine/engine.ts';
import { createModel, STATISTIC_COUNT } from './engine/model.ts';
import { type ModelSpec, planModel, sizeOfShape } from './engine/model-spec.ts';
import { addHalves } from './node-sum.ts';
import { type LeafRange, maximalSubtrees, splitPoint } from './reduction-tree.ts';
import type { RunConfig } from './run-config.ts';
import { EVALUATION_LEAF_SIZE, type Round, type Workload } from './workload.ts';

/** The sum over one node of the reduction tree. */
export interface PartialSum {
  readonly node: LeafRange;
  /** Gradient and statistics, see {@link Workload}; a view that the next one overwrites, as its reader may. */
  readonly vector: Float32Array;
}

/** Computes shares of rounds: the work of a worker, and of a coordinator that has none. */
export interface ShareComputer {
  /**
   * The partial sums of the largest tree nodes inside `share`, in order. Yields `undefined` between two blocks of
   * examples, so that whoever runs it can let others have a turn.
   */
  compute(round: Round, share: LeafRange, parameters: Float32Array): Generator<PartialSum | undefined>;
}

/** Examples that go through the model together, unless a leaf is larger; it changes speed, not bits. */
const BLOCK_ROWS_MAX = 256;
/** A block's activations should stay in the caches; a convolution's need that more than a product needs many rows. */
const BLOCK_BYTES = 4 * 2 ** 20;

/** Rows of examples, as a model takes them. */
interface ExampleBlock {
  /** [rowsMax, inputs], in [0, 1]; set by `scale`. */
  readonly x: Float32Array;
  readonly labels: Uint8Array;
  /** Each row's index into its set. */
  readonly examples: Uint32Array;
  /** Copies examples to the rows from `firstRow`; altered if they are learnt from, in an epoch. */
  gather(set: ExampleSet, indices: Uint32Array, firstRow: number, epoch?: number): void;
  /** Turns the bytes of the first rows into x. */
  scale(rows: number): void;
}

function createExampleBlock(
  engine: Engine,
  { model, augmentation, seed }: RunConfig,
  rowsMax: number,
): ExampleBlock {
  const { height, width } = model.input;
  const inputs = sizeOfShape(model.input);
  const augment = createAugmentation(augmentation, [height, width], seed);
  const bytes = engine.allocateBytes(rowsMax * inputs);
  const labels = engine.allocateBytes(rowsMax);
  const x = engine.allocate(rowsMax * inputs);
  const examples = new Uint32Array(rowsMax);
  return {
    x,
    labels,
    examples,
    gather(set, indices, firstRow, epoch) {
      for (const [row, index] of indices.entries()) {
        const image = set.pixels.subarray(index * inputs, (index + 1) * inputs);
        const start = (firstRow + row) * inputs;
        if (augment && epoch !== undefined)
          augment(image, bytes.subarray(start, start + inputs), epoch, index);
        else bytes.set(image, start);
        labels[firstRow + row] = set.labels[index];
        examples[firstRow + row] = index;
      }
    },
    scale: (rows) => engine.kernels.scaleBytes(bytes, x, rows * inputs),
  };
}

export function createShareComputer(engine: Engine, config: RunConfig, workload: Workload): ShareComputer {
  const { kernels } = engine;
  const rowsMax = Math.max(blockRows(config.model), workload.microBatchSizeMax);
  const model = createModel(engine, config.model, config, rowsMax);
  const { x, labels, examples, gather, scale } = createExampleBlock(engine, config, rowsMax);
  const leafStatistics = engine.allocate(EVALUATION_LEAF_SIZE * STATISTIC_COUNT);
  /** Sums under way, one a level of the tree above the blocks. */
  const stack: Float32Array[] = [];
  /** The share under way has had a block. */
  let hasBegun = false;

  function vectorAt(level: number, length: number): Float32Array {
    stack[level] ??= engine.allocate(workload.vectorLength('train'));
    return stack[level].subarray(0, length);
  }

  /** Sums a node whose examples go through the model together: one training step's work, on a part of the batch. */
  function trainOnBlock(round: Round, node: LeafRange, parameters: Float32Array, sum: Float32Array): void {
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
    const batch = { leafSizes, narrowFrom: workload.narrowFrom, rows, training: { epoch, examples } };
    const statistics = model.differentiate(parameters, x, labels, batch, sum);
    kernels.sumRows(statistics, sum.subarray(-STATISTIC_COUNT), STATISTIC_COUNT, leafSizes);
  }

  /** Sums the statistics of one leaf, whose examples do not depend on each other. */
  function evaluateLeaf(round: Round, leaf: number, parameters: Float32Array, sum: Float32Array): void {
    const { set, indices } = workload.examples(round, leaf);
    for (let start = 0; start < indices.length; start += rowsMax) {
      const part = indices.subarray(start, start + rowsMax);
      gather(set, part, 0);
      scale(part.length);
      const batch = { leafSizes: Uint32Array.of(part.length), rows: part.length, training: undefined };
      const statistics = model.evaluate(parameters, x, labels, batch);
      leafStatistics.set(statistics.subarray(0, part.length * STATISTIC_COUNT), start * STATISTIC_COUNT);
    }
    kernels.sumRows(leafStatistics, sum, STATISTIC_COUNT, Uint32Array.of(indices.length));
  }

  /** Sums the node into the vector of `level`: its left half there, its right half one level up. */
  function* sumNode(
    round: Round,
    node: LeafRange,
    parameters: Float32Array,
    level: number,
  ): Generator<undefined> {
    const sum = vectorAt(level, workload.vectorLength(round.kind));
    const isLeaf = node.hi - node.lo === 1;
    const isBlock = isLeaf || (round.kind === 'train' && workload.exampleCount(round, node) <= rowsMax);
    if (isBlock) {
      if (hasBegun) yield;
      hasBegun = true;
      if (round.kind === 'train') trainOnBlock(round, node, parameters, sum);
      else evaluateLeaf(round, node.lo, parameters, sum);
    } else {
      const middle = splitPoint(node);
      yield* sumNode(round, { lo: node.lo, hi: middle }, parameters, level);
      yield* sumNode(round, { lo: middle, hi: node.hi }, parameters, level + 1);
      addHalves(kernels, workload, round.kind, node, sum, vectorAt(level + 1, sum.length));
    }
  }

  return {
    *compute(round, share, parameters) {
      hasBegun = false;
      for (const node of maximalSubtrees(workload.leafCount(round.kind), share)) {
        yield* sumNode(round, node, parameters, 0);
        yield { node, vector: vectorAt(0, workload.vectorLength(round.kind)) };
      }
    },
  };
}

/** As many examples as have their activations in {@link BLOCK_BYTES}, forward and backward. */
function blockRows(model: ModelSpec): number {
  const valuesPerRow = planModel(model).reduce((sum, { output }) => sum + 2 * sizeOfShape(output), 0);
  const rows = Math.floor(BLOCK_BYTES / (Float32Array.BYTES_PER_ELEMENT * valuesPerRow));
  return Math.max(1, Math.min(BLOCK_ROWS_MAX, rows));
}
