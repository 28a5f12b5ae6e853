import { createAugmentation } from '../../shared/data/augmentation.ts';
import { createSampler, splitTrainingSet } from '../../shared/data/sampler.ts';
import { permutation, randomKey, threefry2x32, uniform } from '../../shared/random.ts';
import { maximalSubtrees, splitPoint } from '../../shared/reduction-tree.ts';
import { hexOf } from './hex.ts';

const SEEDS = [0, 1, 2 ** 32 - 1, 2 ** 32, 5_000_000_000, 2 ** 53 - 1];

/** Blocks, keys, numbers and permutations. */
export function randomVectors() {
  const blocks = [
    [0, 0, 0, 0],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
    [1, 2, 3, 4],
  ].map(([k0, k1, c0, c1]) => ({
    key: [k0, k1],
    counter: [c0, c1],
    words: threefry2x32([k0, k1], [c0, c1]),
  }));
  const purposes = {
    permutation: 1,
    initialization: 2,
    validationSplit: 3,
    dropout: 5,
    augmentation: 6,
    challenge: 9,
  } as const;
  const keys = SEEDS.flatMap((seed) =>
    (Object.keys(purposes) as (keyof typeof purposes)[]).map((name, i) => ({
      seed,
      purpose: purposes[name],
      index: 3 * i,
      key: randomKey(seed, name, 3 * i),
    })),
  );
  const uniforms = [0, 1, 2, 77].map((counter) => ({
    key: [5, 9],
    counter,
    timesTwoTo53: uniform([5, 9], counter) * 2 ** 53,
  }));
  const permutations = [0, 1, 2, 3, 10, 33].map((count) => ({
    key: [5, 9],
    count,
    order: [...permutation([5, 9], count)],
  }));
  return { blocks, keys, uniforms, permutations };
}

/** Which examples a leaf has, and how their images are altered. */
export function exampleVectors() {
  const sizes = [
    { exampleCount: 13, validationCount: 3, globalBatch: 6, microBatchCount: 4, seed: 1 },
    { exampleCount: 9, validationCount: 0, globalBatch: 5, microBatchCount: 7, seed: 5e9 },
    {
      exampleCount: 12,
      validationCount: 2,
      globalBatch: 20,
      microBatchCount: 3,
      seed: 2 ** 53 - 1,
    },
  ];
  const runs = sizes.map((size) => {
    const { exampleCount, validationCount, globalBatch, microBatchCount, seed } = size;
    const { training, validation } = splitTrainingSet(exampleCount, validationCount, seed);
    const sampler = createSampler(training, globalBatch, microBatchCount, seed);
    const stepCount = 2 * sampler.stepsPerEpoch + 1;
    const steps = Array.from({ length: stepCount }, (_, step) =>
      Array.from({ length: microBatchCount }, (_, leaf) => [...sampler.microBatch(step, leaf)]),
    );
    return { ...size, validation: [...validation], training: [...training], steps };
  });
  return { runs, images: imageVectors() };
}

function imageVectors() {
  const [height, width] = [5, 6];
  const image = new Uint8Array(height * width).map((_, i) => 7 * i + 1);
  const settings = [
    { flip: 0.5, shift: 0, erase: 0 },
    { flip: 0, shift: 2, erase: 0 },
    { flip: 0.5, shift: 1, erase: 0.9 },
  ];
  return settings.flatMap((augmentation) =>
    [0, 1, 2].map((epoch) => {
      const [seed, example] = [5e9, 10 + epoch];
      const altered = new Uint8Array(image.length);
      createAugmentation(augmentation, { height, width, channels: 1 }, seed)?.(
        image,
        altered,
        epoch,
        example,
      );
      const sizes = { seed, epoch, example, height, width };
      return { ...augmentation, ...sizes, image: hexOf(image), altered: hexOf(altered) };
    }),
  );
}

/** The nodes of trees, and the maximal subtrees of shares. */
export function treeVectors() {
  const nodesOf = (lo: number, hi: number): number[][] => {
    if (hi - lo === 1) return [];
    const middle = splitPoint({ lo, hi });
    return [[lo, middle, hi], ...nodesOf(lo, middle), ...nodesOf(middle, hi)];
  };
  const trees = [1, 2, 7, 12, 16].map((leaves) => ({
    leaves,
    nodes: nodesOf(0, leaves),
    shares: [
      [0, leaves],
      [0, 1],
      [1, leaves],
      [2, 5],
      [3, 11],
    ]
      .filter(([lo, hi]) => lo < hi && hi <= leaves)
      .map(([lo, hi]) => ({
        share: [lo, hi],
        subtrees: maximalSubtrees(leaves, { lo, hi }).map((node) => [node.lo, node.hi]),
      })),
  }));
  return { trees };
}
