import { describe, expect, test } from 'vitest';
import { createNewcomerCheck } from '../../../../coordinator/cluster/newcomer-check.ts';
import type { Engine } from '../../../../shared/engine/engine.ts';
import type { Kernels } from '../../../../shared/engine/kernels.ts';
import { PRESETS } from '../../../../shared/engine/model/presets.ts';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { answerOf, solveChallenge } from '../../../../shared/round/challenge.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const config = toyConfig(createToyDataset(), { model: modelOf(PRESETS.mlp(3)) });

function modelOf(layers: ReturnType<typeof PRESETS.mlp>) {
  return { input: { height: 4, width: 5, channels: 1 }, layers };
}

const withKernels = (kernels: Partial<Kernels>): Engine => ({
  ...naiveEngine,
  kernels: { ...naiveEngine.kernels, ...kernels },
});

/** What the check says to a worker that computes with `engine`. */
function verdictOn(engine: Engine): string | undefined {
  const check = createNewcomerCheck(naiveEngine, config);
  return check.refusalOf(answerOf(solveChallenge(engine, config, check.challenge)));
}

describe('a newcomer', () => {
  test('with the right bits may take part', () => {
    expect(verdictOn(createNaiveEngine('strict'))).toBeUndefined();
  });

  test.for([
    [
      'whose exp is rounded differently',
      withKernels({
        softmaxCrossEntropy(logits, labels, dLogits, lossAndCorrect, rows, classes, smoothing) {
          const { softmaxCrossEntropy } = naiveEngine.kernels;
          softmaxCrossEntropy(logits, labels, dLogits, lossAndCorrect, rows, classes, smoothing);
          new Uint32Array(lossAndCorrect.buffer, lossAndCorrect.byteOffset)[2] ^= 1;
        },
      }),
      /: layer 3 \(dense\) agrees, but the loss differs in the last bit, in 1 of \d values: /,
    ],
    [
      'that rounds product and sum once',
      createNaiveEngine('fused'),
      /: the input agrees, but layer 1 \(dense\) differs .*, in \d+ of \d+ values: value \d+ is /,
    ],
    [
      'that adds all rows in one order',
      withKernels({
        matmulTransposedA(a, b, c, m, n, leafSizes, bfloat16LeavesMin) {
          const all = Uint32Array.of(leafSizes.reduce((sum, size) => sum + size));
          naiveEngine.kernels.matmulTransposedA(a, b, c, m, n, all, bfloat16LeavesMin);
        },
      }),
      /: the sum of micro-batch 16 agrees, but the sum of all micro-batches differs/,
    ],
    [
      'whose leaves are wrong',
      withKernels({ addBias() {} }),
      /: the input agrees, but layer 1 \(dense\) differs by more than a rounding, in /,
    ],
  ] as const)('%s is told where the bits begin to differ', ([, engine, reason]) => {
    expect(verdictOn(engine)).toMatch(/^its bits differ from those of this run: /);
    expect(verdictOn(engine)).toMatch(reason);
  });

  test.for([
    [0, 'the vector of parameters has 0 values instead of'],
    [-1, 'the sum of micro-batch 16 agrees, but the sum of all micro-batches has'],
    [1, 'the sum of all micro-batches agrees, but the end of its answer has 1 values instead of 0'],
  ] as const)('whose answer has another length (%i) is told so', ([change, reason]) => {
    const check = createNewcomerCheck(naiveEngine, config);
    const right = answerOf(solveChallenge(naiveEngine, config, check.challenge));
    const length = change === 0 ? 0 : right.length + change;
    const answer = new Float32Array(length);
    answer.set(right.subarray(0, length));
    expect(check.refusalOf(right)).toBeUndefined();
    expect(check.refusalOf(answer)).toContain(reason);
  });
});
