import { describe, expect, test } from 'vitest';
import { createBufferPool } from '../../../../coordinator/reduction/buffer-pool.ts';
import { TreeReduction } from '../../../../coordinator/reduction/tree-reduction.ts';
import { type LeafRange, maximalSubtrees } from '../../../../shared/reduction-tree.ts';
import { addHalves } from '../../../../shared/round/node-sum.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const { kernels } = naiveEngine;

describe.for([1, 5, 8, 13, 16, 31, 32])(
  'with %i micro-batches and bfloat16 on the wire',
  (microBatchCount) => {
    const dataset = createToyDataset();
    const config = toyConfig(dataset, { microBatchCount, wire: 'bf16' });
    const { workload, computer, server } = createToyRun(config, dataset, 1);
    const round = { kind: 'train', step: 0 } as const;
    const sums = (share: LeafRange) =>
      computer
        .compute(round, share, server.roundedParameters)
        .flatMap((sum) => (sum ? [{ node: sum.node, vector: sum.vector.slice() }] : []))
        .toArray();
    const [{ vector: root }] = sums({ lo: 0, hi: microBatchCount });

    test('the sum does not depend on the shares of the workers', () => {
      const draws = createDraws(microBatchCount);
      for (let attempt = 0; attempt < 20; attempt++) {
        const halves = (...args: Parameters<ConstructorParameters<typeof TreeReduction>[1]>) =>
          addHalves(kernels, workload, 'train', ...args);
        const reduction = new TreeReduction(
          microBatchCount,
          halves,
          createBufferPool(naiveEngine.allocate),
        );
        for (let lo = 0; lo < microBatchCount; ) {
          const hi = draws.integer(lo + 1, microBatchCount);
          for (const { node, vector } of sums({ lo, hi })) reduction.offer({ node, vector });
          lo = hi;
        }
        expect(reduction.root()).toEqual(root);
      }
    });

    test('up to 8 workers send bfloat16 gradients, and evaluations stay f32', () => {
      const rounded = root.slice();
      kernels.roundToBfloat16(rounded);
      expect(root.subarray(0, -2)).toEqual(rounded.subarray(0, -2));
      for (const workers of [1, 2, 4, 8].filter((count) => count <= microBatchCount)) {
        const size = Math.floor(microBatchCount / workers);
        const [largest] = maximalSubtrees(microBatchCount, { lo: 0, hi: size });
        expect(workload.bfloat16Length('train', largest)).toBe(workload.parameterCount);
      }
      expect(workload.bfloat16Length('test', { lo: 0, hi: 1 })).toBe(0);
    });
  },
);
