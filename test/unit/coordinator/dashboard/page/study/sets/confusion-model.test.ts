import { expect, test } from 'vitest';
import {
  cellAt,
  cellBeside,
  cellStory,
  confusionModel,
  confusionSentence,
  confusionTable,
  firstCell,
  gridHeight,
  gridOf,
  TOP,
} from '../../../../../../../coordinator/dashboard/page/study/sets/confusion-model.ts';

const names = ['Shirt', 'Coat', 'Bag'];
const study = {
  labels: Uint8Array.of(0, 0, 0, 0, 1, 1),
  predictions: Uint8Array.of(0, 1, 0, 0, 1, 1),
  losses: new Float32Array(6),
  confidences: new Float32Array(6),
};
const model = confusionModel(study, names);

test('the sentence tells the most frequent confusion and the accuracy', () => {
  expect(confusionSentence(study, names, 'all 6 test examples')).toBe(
    'Shirt is taken for Coat in 25 % of cases. 83.3 % of all 6 test examples are right.',
  );
  const right = { ...study, predictions: study.labels };
  expect(confusionSentence(right, names, 'all 6')).toBe(
    '100.0 % of all 6 are right. The net confuses nothing.',
  );
  const same = { ...study, predictions: new Uint8Array(6).fill(2) };
  expect(confusionSentence(same, names, 'all 6')).toBe(
    'The net says “Bag” for every example, whatever it sees.',
  );
});

test('a cell tells its number and its part of the class', () => {
  expect(cellStory(model, { label: 0, prediction: 1 })).toBe(
    'Shirt is taken for Coat: 1 of 4, 25.0 %.',
  );
  expect(cellStory(model, { label: 1, prediction: 1 })).toBe(
    'Coat: 2 of 2 are recognized, 100.0 %.',
  );
  // A class without examples.
  expect(cellStory(model, { label: 2, prediction: 0 })).toBe(
    'Bag is taken for Shirt: 0 of 0, 0.0 %.',
  );
  expect(firstCell(model)).toMatchObject({ label: 0, prediction: 1 });
});

test('the table has the accuracy of each class', () => {
  const { columns, rows } = confusionTable(model);
  expect(columns.map(({ name }) => name)).toEqual([
    'class',
    'examples',
    'accuracy',
    'taken for Shirt',
    'taken for Coat',
    'taken for Bag',
  ]);
  expect(rows).toEqual([
    ['Shirt', 4, 0.75, 3, 1, 0],
    ['Coat', 2, 1, 0, 2, 0],
    ['Bag', 0, null, 0, 0, 0],
  ]);
});

test.for([390, 600, 1200])('in a picture %i wide, each place leads to its cell', (width) => {
  const { left, cell } = gridOf(model, width);
  const place = (column: number, row: number) =>
    cellAt(model, left + (column + 0.5) * cell, TOP + (row + 0.5) * cell, width);
  expect(place(2, 0)).toEqual({ label: 0, prediction: 2 });
  expect(place(0, 2)).toEqual({ label: 2, prediction: 0 });
  expect([place(3, 0), place(0, 3), place(-1, 0), place(0, -1)]).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
  expect(left + 3 * cell).toBeLessThanOrEqual(width);
  expect(gridHeight(model, width + 32)).toBe(Math.ceil(TOP + 3 * cell));
});

test('arrow keys lead to the cell beside, and not beyond the edge', () => {
  expect(cellBeside(model, undefined, 'ArrowLeft')).toMatchObject({ label: 0, prediction: 1 });
  expect(cellBeside(model, { label: 0, prediction: 1 }, 'ArrowDown')).toEqual({
    label: 1,
    prediction: 1,
  });
  expect(cellBeside(model, { label: 0, prediction: 2 }, 'ArrowRight')).toEqual({
    label: 0,
    prediction: 2,
  });
});
