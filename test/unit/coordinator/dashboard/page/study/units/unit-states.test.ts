import { describe, expect, test } from 'vitest';
import {
  countState,
  stateOf,
  unitsAdvice,
  unitsSentence,
  unitText,
} from '../../../../../../../coordinator/dashboard/page/study/units/unit-states.ts';
import type { Activation } from '../../../../../../../shared/engine/kernels.ts';

const layer = (name: string, activation: Activation, ...parts: number[]) => ({
  name,
  function: activation,
  parts: Float32Array.from(parts),
});

test.for([
  ['relu', 0, 'dead'],
  ['relu', 0.009, 'rare'],
  ['relu', 0.01, 'usual'],
  ['relu', 1, 'always'],
  // These pass a gradient below 0, too.
  ['leaky-relu', 0, 'rare'],
  ['gelu', 0, 'rare'],
  ['sigmoid', 0, 'usual'],
  ['sigmoid', 0.5, 'often saturated'],
  ['tanh', 0.95, 'saturated'],
] as const)('a unit with %s and the part %f is %s', ([activation, part, state]) => {
  expect(stateOf(activation, part)).toBe(state);
});

describe('the sentence', () => {
  test.for([
    [
      [layer('a1', 'relu', 0, 0, 0.5), layer('a2', 'relu', 1, 0)],
      'Over 2,000 test examples, 3 of 5 units are dead (2 in a1, 1 in a2).',
    ],
    [[layer('a1', 'relu', 0, 1)], 'Over 2,000 test examples, 1 of 2 units is dead (1 in a1).'],
    [[layer('a1', 'relu', 0.2, 1)], 'Over 2,000 test examples, none of the 2 units is dead.'],
    [
      [layer('a1', 'relu', 1), layer('a2', 'tanh', 1, 1, 0)],
      'Over 2,000 test examples, none of the 1 unit is dead, and 2 of 3 units are saturated ' +
        '(2 in a2).',
    ],
    [[], 'This net has no layer with an activation, so it has no units that can be dead.'],
  ] as const)('of %j', ([layers, sentence]) => {
    expect(unitsSentence(layers, 2000)).toBe(sentence);
  });
});

test('there is advice against what there is', () => {
  const [dead, saturated] = [layer('a', 'relu', 0), layer('b', 'sigmoid', 1)];
  expect(unitsAdvice([dead])).toMatch(/^A dead unit/);
  expect(unitsAdvice([dead])).not.toContain('saturated');
  expect(unitsAdvice([dead, saturated])).toContain('saturated');
  expect(unitsAdvice([layer('a', 'relu', 1)])).toBe('');
  expect(countState(saturated, 'saturated')).toBe(1);
});

test('each unit has a text', () => {
  expect(unitText('relu', 0)).toBe('never fires: it is dead');
  expect(unitText('relu', 1)).toBe('fires for all examples');
  expect(unitText('relu', 0.005)).toBe('fires for 0.5 % of the examples (rare)');
  expect(unitText('tanh', 0.97)).toBe('97.0 % of its outputs are saturated (saturated)');
});
