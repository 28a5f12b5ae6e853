import { describe, expect, test } from 'vitest';
import { areSameBits } from '../../../../shared/bytes.ts';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { answerOf, solveChallenge } from '../../../../shared/round/challenge.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const config = toyConfig(createToyDataset());
const challenge = { model: config.model, globalBatch: 11, microBatchCount: 3 };

describe('the answer to a challenge', () => {
  const stages = solveChallenge(naiveEngine, config, challenge);

  test('lists what is computed, in the order in which it is computed', () => {
    expect(stages.map(({ name, values }) => [name, values.length])).toEqual([
      ['the vector of parameters', 20 * 7 + 7 + 7 * 3 + 3],
      ['the input', 4 * 20],
      ['layer 1 (dense)', 4 * 7],
      ['layer 2 (activation)', 4 * 7],
      ['layer 3 (dense)', 4 * 3],
      ['the loss', 4],
      ['the correct count', 4],
      ['the sum of micro-batch 0', 173],
      ['the sum of micro-batch 1', 173],
      ['the sum of micro-batch 2', 173],
      ['the sum of all micro-batches', 173],
    ]);
    const lengths = stages.map(({ values }) => values.length);
    expect(answerOf(stages)).toHaveLength(lengths.reduce((sum, length) => sum + length));
  });

  test.for([
    ['another seed', { seed: 2 }, 'the vector of parameters'],
    ['other numerics', { numerics: 'fused' }, 'layer 1 (dense)'],
    ['smoothed targets', { labelSmoothing: 0.1 }, 'the loss'],
    ['weights, also if it has more classes', { classWeights: [2, 3] as number[] }, 'the loss'],
    ['another wire format', { wire: 'bf16' }, 'the vector of parameters'],
  ] as const)('differs with %s first where that matters first', ([, changes, name]) => {
    const run = { ...config, ...changes };
    const others = solveChallenge(createNaiveEngine(run.numerics), run, challenge);
    const first = others.find(({ values }, i) => !areSameBits(values, stages[i].values));
    expect(first?.name).toBe(name);
  });
});
