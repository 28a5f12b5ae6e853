import { permutation, randomKey } from '../random.ts';

/**
 * Which examples a micro-batch consists of: a pure function of (seed, step, micro-batch). Each epoch goes through
 * its own permutation of the training examples, every example once; the last global batch of an epoch may be
 * smaller than the others.
 */
export interface Sampler {
  readonly stepsPerEpoch: number;
  /** How many examples the global batch of `step` has. */
  globalBatchSize(step: number): number;
  /** The examples of one micro-batch, as indices into the training set; a view. May be empty in a small batch. */
  microBatch(step: number, microBatch: number): Uint32Array;
}

/** `examples` are the indices to draw from: the training set without the examples held out for validation. */
export function createSampler(
  examples: Uint32Array,
  globalBatch: number,
  microBatchCount: number,
  seed: number,
): Sampler {
  const stepsPerEpoch = Math.ceil(examples.length / globalBatch);
  // Only a memory of the last permutation, so that an epoch draws it once.
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
 * Divides the training set: `validationCount` examples drawn by the seed are held out, the others are trained on.
 * Both as ascending indices.
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
