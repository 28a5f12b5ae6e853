import { describe, expect, test } from 'vitest';
import { createDropout } from '../../../../../shared/engine/layers/dropout.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

describe('dropout', () => {
  const [planned] = planModel({
    input: { height: 1, width: 1000, channels: 1 },
    layers: [
      { type: 'dropout', rate: 0.3 },
      { type: 'dense', outputs: 2 },
    ],
  }).layers;
  const x = new Float32Array(2000).fill(1);
  const run = (epoch: number, examples: number[], seed = 1, index = 0) => {
    const dropout = createDropout(naiveEngine, planned, 2, { seed, index });
    const training = { epoch, examples: Uint32Array.from(examples) };
    return Array.from(dropout.forward(x, x, { leafSizes: Uint32Array.of(2), rows: 2, training }));
  };

  test('drops about its rate of values and scales the rest to keep the mean', () => {
    const y = run(0, [5, 6]);
    const dropped = y.filter((value) => value === 0).length;
    expect(dropped / y.length).toBeCloseTo(0.3, 1);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });

  test('depends only on the seed, layer, epoch and example, not on the row', () => {
    const [first, second] = [run(0, [5, 6]).slice(0, 1000), run(0, [5, 6]).slice(1000)];
    expect(run(0, [6, 5])).toEqual([...second, ...first]);
    for (const other of [run(1, [5, 6]), run(0, [5, 6], 2), run(0, [5, 6], 1, 1)]) {
      expect(other.slice(0, 1000)).not.toEqual(first);
    }
  });

  test('does nothing in an evaluation', () => {
    const dropout = createDropout(naiveEngine, planned, 2, { seed: 1, index: 0 });
    const batch = { leafSizes: Uint32Array.of(2), rows: 2, training: undefined };
    expect(dropout.forward(x, x, batch)).toBe(x);
  });
});
