import { permutation, randomKey } from '../random.ts';

/**
 * The choice of each micro-batch's examples: a pure function of seed, step and micro-batch. Each
 * epoch uses every training example once, in a permutation of its own. The last global batch of an
 * epoch may be smaller than the others.
 */
export interface Sampler {
  readonly stepsPerEpoch: number;
  /** The number of examples in the global batch of `step`. */
  globalBatchSize(step: number): number;
  /**
   * The examples of one micro-batch, as indices into the training set. The result is a view. It may
   * be empty if the global batch is small.
   */
  microBatch(step: number, microBatch: number): Uint32Array;
}

/**
 * Creates a sampler. `examples` are the indices to draw from: the training set without the examples
 * that are held out for validation.
 */
export function createSampler(
  examples: Uint32Array,
  globalBatch: number,
  microBatchCount: number,
  seed: number,
): Sampler {
  const stepsPerEpoch = Math.ceil(examples.length / globalBatch);
  // A cache of the last permutation, so that each epoch computes its permutation once.
  let drawn = { epoch: -1, order: new Uint32Array(0) };

  function orderOf(epoch: number): Uint32Array {
    if (drawn.epoch !== epoch) {
      const positions = permutation(randomKey(seed, 'permutation', epoch), examples.length);
      drawn = { epoch, order: positions.map((position) => examples[position]) };
    }
    return drawn.order;
  }

  function globalBatchRange(step: number): { start: number; size: number } {
    const start = (step % stepsPerEpoch) * globalBatch;
    return { start, size: Math.min(globalBatch, examples.length - start) };
  }

  return {
    stepsPerEpoch,
    globalBatchSize: (step) => globalBatchRange(step).size,
    microBatch(step, microBatch) {
      const { start, size } = globalBatchRange(step);
      const boundary = (index: number) => start + Math.floor((index * size) / microBatchCount);
      const order = orderOf(Math.floor(step / stepsPerEpoch));
      return order.subarray(boundary(microBatch), boundary(microBatch + 1));
    },
  };
}

/**
 * Divides the training set. The seed selects `validationCount` examples that are held out. The rest
 * is for training. Both results are ascending indices.
 */
export function splitTrainingSet(
  exampleCount: number,
  validationCount: number,
  seed: number,
): { training: Uint32Array; validation: Uint32Array } {
  const order = permutation(randomKey(seed, 'validationSplit'), exampleCount);
  return {
    validation: order.subarray(0, validationCount).toSorted(),
    training: order.subarray(validationCount).toSorted(),
  };
}
