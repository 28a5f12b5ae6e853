import { expect, test } from 'vitest';
import {
  indexFrom,
  keptText,
  learningWarnings,
  nextWrong,
  predictionText,
  stepText,
  wrongText,
} from '../../../../../../../coordinator/dashboard/page/study/overview/overview-text.ts';
import type { ExampleStudy } from '../../../../../../../shared/study/example-study.ts';

const names = ['boot', 'coat', 'bag'];
const example = (label: number, outputs: number[]): ExampleStudy => ({
  pixels: new Float32Array(),
  label,
  prediction: outputs.indexOf(Math.max(...outputs)),
  loss: 1,
  logits: new Float32Array(),
  outputs: Float32Array.from(outputs),
  targets: new Float32Array(),
  layers: [],
  gradient: new Float32Array(),
});

test('the step of the net, in epochs, too', () => {
  expect(stepText(0, 430)).toBe('The net before its first step: its weights are random.');
  expect(stepText(43, 430)).toBe('The net after step 43 (0.10 epochs).');
  expect(stepText(43, 0)).toBe('The net after step 43.');
  expect(stepText(2150, 430)).toBe('The net after step 2,150 (5.0 epochs).');
});

test('what the net says', () => {
  expect(predictionText(example(0, [0.8, 0.15, 0.05]), names)).toBe(
    'The net says “boot”, too: its output is 0.80.',
  );
  expect(predictionText(example(2, [0.2, 0.75, 0.05]), names)).toBe(
    'The net says “coat” (output 0.75). That is wrong: “bag” has 0.05.',
  );
});

test('the wrong examples of a set, and the next of them', () => {
  const set = {
    labels: Uint8Array.of(0, 1, 2, 0, 1),
    predictions: Uint8Array.of(0, 2, 2, 1, 1),
    losses: new Float32Array(5),
    confidences: new Float32Array(5),
  };
  expect(wrongText(set)).toBe('2 of 5 are wrong (40.0 %).');
  expect([0, 1, 3, 4].map((index) => nextWrong(set, index))).toEqual([1, 3, 1, 1]);
  expect(nextWrong({ ...set, predictions: set.labels }, 0)).toBeUndefined();
});

test('the number of an example that somebody has typed', () => {
  const typed = ['7', '-3', '99', '2.7', '', 'x', '1e3', 'Infinity'];
  expect(typed.map((text) => indexFrom(text, 10))).toEqual([7, 0, 9, 2, 0, 0, 9, 9]);
});

test('where a reader is among the kept checkpoints', () => {
  expect([0, 1, 2].map((at) => keptText([200, 1400], at))).toEqual([
    ...['1 of 2: step 200', '2 of 2: step 1,400', '2 are kept'],
  ]);
  expect(keptText([200], 1)).toBe('1 is kept');
});

test('what the run has said about its learning, the newest first', () => {
  const incident = { id: 0, revision: 1, time: 0, step: 3, count: 1, firstTime: 0, firstStep: 3 };
  const incidents = [
    { ...incident, kind: 'learning', message: 'the model overfits' },
    { ...incident, kind: 'late', message: 'rank 1 is late' },
    { ...incident, step: 1200, kind: 'learning', message: 'labels look wrong: see.' },
  ];
  expect(learningWarnings({ incidents })).toEqual([
    'After step 1,200: labels look wrong: see.',
    'After step 3: the model overfits.',
  ]);
});
