import { expect, test } from 'vitest';
import {
  confusionOf,
  examplesOfCell,
  hardestExamples,
  joinStudies,
  lossOf,
  mostFrequentConfusion,
  onlyPrediction,
} from '../../../../shared/study/set-study.ts';

const study = {
  labels: Float32Array.of(0, 0, 0, 1, 1, 2),
  predictions: Float32Array.of(0, 1, 1, 1, 0, 2),
  losses: Float32Array.of(0.25, 2, 3, 0.5, 2, 0.25),
  confidences: Float32Array.of(0.75, 0.5, 0.875, 0.5, 0.75, 0.75),
};

test('the most frequent confusion is that with the most examples', () => {
  expect(confusionOf(study, 3)).toEqual([
    [1, 2, 0],
    [1, 1, 0],
    [0, 0, 1],
  ]);
  expect(mostFrequentConfusion(confusionOf(study, 3))).toEqual({
    label: 0,
    prediction: 1,
    count: 2,
    part: 2 / 3,
  });
  expect(
    mostFrequentConfusion([
      [5, 0],
      [0, 5],
    ]),
  ).toBeUndefined();
});

test('the examples of a cell are ordered by confidence', () => {
  expect(examplesOfCell(study, 0, 1)).toEqual([2, 1]);
  expect(examplesOfCell(study, 2, 0)).toEqual([]);
});

test('the hardest examples have the highest losses', () => {
  expect(hardestExamples(study, 3)).toEqual([2, 1, 4]);
  const broken = { ...study, losses: Float32Array.of(1, Number.NaN, 3, Infinity, Number.NaN, 0) };
  expect(hardestExamples(broken, 9)).toEqual([1, 3, 4, 2, 0, 5]);
});

test('a net that always says one class is noticed', () => {
  expect(onlyPrediction(study)).toBeUndefined();
  expect(onlyPrediction({ ...study, predictions: new Uint8Array(6).fill(2) })).toBe(2);
});

test('parts of a set become one study', () => {
  const part = (from: number, to: number) => ({
    labels: study.labels.subarray(from, to),
    predictions: study.predictions.subarray(from, to),
    losses: study.losses.subarray(from, to),
    confidences: study.confidences.subarray(from, to),
  });
  expect(joinStudies([part(0, 4), part(4, 6)])).toEqual(study);
  expect(lossOf(study)).toBe(8 / 6);
});
