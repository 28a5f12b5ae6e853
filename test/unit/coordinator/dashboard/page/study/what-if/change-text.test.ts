import { expect, test } from 'vitest';
import {
  changedSentence,
  changeText,
} from '../../../../../../../coordinator/dashboard/page/study/what-if/change-text.ts';

test('each change has words', () => {
  expect(changeText({ kind: 'no-layer', layer: 'conv1' })).toBe(
    'With zeros instead of the parameters of conv1',
  );
  expect(changeText({ kind: 'no-unit', layer: 'dense1', unit: 7 })).toBe(
    'Without unit 7 of dense1',
  );
  expect(changeText({ kind: 'noise', part: 0.3, seed: 1 })).toBe(
    'With noise of 30 % on its weights',
  );
});

test('the sentence compares the accuracies', () => {
  const before = { accuracy: 0.884, loss: 0.3, only: undefined };
  const names = ['Shirt', 'Coat'];
  const change = { kind: 'no-biases' } as const;
  const sentence = (after: object) =>
    changedSentence(change, { count: 1000, before, after: { ...before, ...after } }, 'test', names);
  expect(sentence({ accuracy: 0.867 })).toBe(
    'Without its biases, the net is right for 86.7 % of 1,000 test examples, instead of 88.4 %.',
  );
  expect(sentence({ accuracy: 0.1, only: 1 })).toMatch(/ It says “Coat” for all of them\.$/);
  expect(sentence({})).toBe(
    'Without its biases, the net is right for as many of 1,000 test examples as before: 88.4 %.',
  );
});
