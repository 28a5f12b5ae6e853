import { describe, expect, test } from 'vitest';
import {
  answerText,
  bySize,
  choicesOf,
  differencesOf,
  nudgeText,
  outputTitle,
  showNumber,
  toDecrease,
  WHY,
} from '../../../../../../../coordinator/dashboard/page/study/output/output-text.ts';

const names = ['boot', 'coat', 'bag', 'shirt'];
const from = (outputs: number[], label: number) =>
  differencesOf({
    outputs: Float32Array.from(outputs),
    targets: Float32Array.from(outputs, (_, i) => (i === label ? 1 : 0)),
  });
const all = from([0.05, 0.8, 0, 0.15], 3);

test('differences, in the order of their size', () => {
  expect(bySize(all).map(({ label }) => label)).toEqual([3, 1, 0, 2]);
  expect(all[3].delta).toBeCloseTo(-0.85);
  expect(toDecrease(all).map(({ label }) => label)).toEqual([1, 0]);
  // The order of the classes does not give away the answer.
  expect(choicesOf(all).map(({ label }) => label)).toEqual([0, 1]);
});

test('the title says which output is to decrease most', () => {
  expect(outputTitle(all, names)).toBe(
    '“coat” is to decrease most, by 0.80: its output is 0.80 and is to be 0.',
  );
  // With squared error, the output of the right class may be too large, too.
  expect(outputTitle(from([0.1, -0.3, 0, 1.4], 3), names)).toBe(
    '“shirt” is to decrease most, by 0.40: its output is 1.40 and is to be 1.',
  );
});

describe('an answer', () => {
  test('that is right, or that nobody gave', () => {
    const why = '“coat” is 0.80 above its target, and no other output is further above.';
    expect(answerText(all, 1, names)).toBe(`Yes: ${why}`);
    expect(answerText(all, undefined, names)).toBe(why);
  });

  test('that is wrong is compared with the right one', () => {
    expect(answerText(all, 0, names)).toBe(
      'Not quite: “boot” is 0.05 above its target, but “coat” is 0.80 above its target. ' +
        'So its nudge is 16 times as large.',
    );
    expect(answerText(from([1e-9, 0.8, 0, 0.2], 3), 0, names)).toContain('more than 1,000 times');
  });

  test('is not asked for where nothing is to decrease', () => {
    for (const none of [from([-0.2, -0.1, 0, 0.7], 3), from([1e-6, 1e-7, 0, 1], 3)]) {
      expect(choicesOf(none)).toEqual([]);
      expect(outputTitle(none, names)).toMatch(/^No output is to decrease/);
      expect(answerText(none, undefined, names)).toBe('');
    }
  });
});

test('numbers of outputs', () => {
  const numbers = [0, 1, 0.8049, -0.21, 0.0123, 0.0041, -0.0004, 0.00001, -1.5];
  expect(numbers.map(showNumber)).toEqual([
    ...['0.00', '1.00', '0.80', '−0.21', '0.01', '0.004', '−0.0004', '≈ 0', '−1.50'],
  ]);
});

test('what steps have done, whether they help or not', () => {
  expect(nudgeText([2.5, 1.25], 0.01)).toBe(
    'One step w ← w − η · ∂L/∂w on this example alone, with η = 0.01: its loss falls from 2.500 ' +
      'to 1.250. One example alone is soon learned. A step of the run takes the mean of ' +
      'many. The run itself goes on without these steps.',
  );
  expect(nudgeText([0.1, 0.2, 0.4], 1)).toMatch(
    /^2 steps .* rises from 0.1000 to 0.4000.*η is too large/,
  );
  expect(nudgeText([0.1, Number.NaN], 50)).toMatch(/its loss is no number anymore/);
});

test('both losses are explained', () => {
  expect(WHY['cross-entropy']).toContain('softmax');
  expect(WHY['squared-error']).toContain('½ Σ (output − target)²');
});
