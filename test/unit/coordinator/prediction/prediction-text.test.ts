import { describe, expect, test } from 'vitest';
import { nameOf, predictionLines } from '../../../../coordinator/prediction/prediction-text.ts';
import { predictionOf } from '../../../support/toy-prediction.ts';

const BARS = ['Boot  ███████████████░░░░░  75.00 %', 'Bag   █████░░░░░░░░░░░░░░░  25.00 %'];
const PICTURE = `${'\x1b[38;5;16;48;5;16m▀'.repeat(4)}\x1b[0m`;

describe('a prediction as text', () => {
  test('has the class, what was done, and a bar for each class', () => {
    expect(predictionLines(predictionOf(), { top: 2, columns: undefined })).toEqual([
      'boot.png: Boot, 75.00 %',
      '  8 × 4 pixels, scaled to 4 × 2',
      `  ${BARS[0]}`,
      `  ${BARS[1]}`,
    ]);
  });

  test('has the picture beside the classes, or above them if there is no room', () => {
    const [, , ...wide] = predictionLines(predictionOf(), { top: 2, columns: 80 });
    expect(wide).toEqual([`  ${PICTURE}   ${BARS[0]}`, `         ${BARS[1]}`]);
    const [, , ...narrow] = predictionLines(predictionOf(), { top: 2, columns: 40 });
    expect(narrow).toEqual([`  ${PICTURE}`, `  ${BARS[0]}`, `  ${BARS[1]}`]);
    const [, , ...tiny] = predictionLines(predictionOf(), { top: 2, columns: 5 });
    expect(tiny).toEqual([`  ${BARS[0]}`, `  ${BARS[1]}`]);
  });

  test('says that the background looks inverted', () => {
    const lines = predictionLines(predictionOf({ looksInverted: true }), {
      top: 1,
      columns: undefined,
    });
    expect(lines.at(-1)).toMatch(/^ {2}The background is light where .*: try --invert\.$/);
  });

  test('has nothing that a terminal would obey', () => {
    const ranking = [{ label: 0, name: 'a\x1b[2Jb', probability: 1 }];
    const text = predictionLines(predictionOf({ file: 'x\ny', ranking }), {
      top: 1,
      columns: undefined,
    }).join('|');
    expect(text).not.toMatch(/\p{Cc}/u);
    expect(text).toContain(String.raw`x\u000ay: a\u001b[2Jb`);
  });

  test('names the place in an array', () => {
    expect(nameOf(predictionOf({ file: 'x.npy', index: 7 }))).toBe('x.npy #7');
  });
});

test('a number is shown with its name', () => {
  const prepared = { steps: ['1 column by name'] };
  const number = { name: 'price', value: 1234.5678 };
  const prediction = predictionOf({ file: 'a.csv', index: 3, prepared, ranking: [], number });
  expect(predictionLines(prediction, { top: 3, columns: 80 })).toEqual([
    'a.csv #3: price 1234.57',
    '  1 column by name',
  ]);
  const style = { top: 3, columns: 80 };
  const next = { ...prediction, index: 4 };
  expect(predictionLines(next, style, prediction)).toEqual(['a.csv #4: price 1234.57']);
});
