import { describe, expect, test } from 'vitest';
import {
  columnName,
  isBackward,
  isForward,
  lockedCount,
  lockText,
  stageCount,
  stageText,
  unitName,
} from '../../../../../../../coordinator/dashboard/page/study/example/net-text.ts';
import { studyColumns } from '../../../../../../../shared/study/columns.ts';
import { openStudiedNet, type StudiedNet } from '../../../../../../support/toy-study.ts';

function columnsOf(name: StudiedNet) {
  const { lab, pixels, plan } = openStudiedNet(name);
  return studyColumns(lab.studyExample(pixels, 1), plan.spec.input);
}

test('the names of columns and units', () => {
  const columns = columnsOf('everything');
  expect(columns.map(columnName)).toEqual([
    'pixels, batch norm',
    'conv1, gelu, batch norm, dropout',
    'pool1',
    'dense1, leaky-relu',
    'dense2',
  ]);
  expect(unitName(columns[0], 10, undefined)).toBe('row 1, column 2');
  expect(unitName(columns[1], 13, undefined)).toBe('channel 1, row 1, column 0');
  expect(unitName(columns[3], 5, undefined)).toBe('unit 5');
  expect(unitName(columns[4], 2, ['a', 'b', 'coat', 'd'])).toBe('output 2 “coat”');
});

describe('the way of a reader', () => {
  test('goes forward through the columns, and back to the first that is trained', () => {
    const columnCount = 4;
    const way = Array.from({ length: stageCount(columnCount) }, (_, stage) =>
      [0, 1, 2, 3]
        .map((column) => {
          const progress = { stage, columnCount };
          return (
            (isForward(progress, column) ? 'a' : '-') + (isBackward(progress, column) ? 'δ' : '')
          );
        })
        .join(' '),
    );
    expect(way).toEqual([
      'a - - -',
      'a a - -',
      'a a a -',
      'a a a a',
      'a a a aδ',
      'a a aδ aδ',
      'a aδ aδ aδ',
      'a aδ aδ aδ',
    ]);
  });

  test('is told in sentences', () => {
    const columns = columnsOf('convolutional');
    const texts = Array.from({ length: stageCount(columns.length) }, (_, stage) =>
      stageText(columns, stage),
    );
    expect(texts[0]).toBe('The input: 72 pixels from 0 to 1.');
    expect(texts[1]).toBe(
      'Forward through conv1, batch norm, relu: 216 units, z = Σ w·a + b, then a = f(z).',
    );
    expect(texts[2]).toBe('Forward through pool1: the largest pixels.');
    expect(texts[4]).toBe('Forward through pool2: the means.');
    expect(texts[5]).toBe('Forward through dense1: 3 outputs, z = Σ w·a + b.');
    expect(texts[6]).toBe('The error of each output: δ = output − target. Now it goes backward.');
    expect(texts[7]).toBe(
      'Backward from dense1 to pool2: δ = (Σ w·δ) · slope. Here the slope is 1.',
    );
    expect(texts[10]).toMatch(/^Backward from pool1 to conv1, batch norm, relu: .* are locked\.$/);
    expect(texts[11]).toBe('Each unit has its δ, and each weight its ∂L/∂w = a · δ.');
  });

  test('is short without a hidden layer', () => {
    const columns = columnsOf('relu');
    const two = [columns[0], columns[3]];
    expect(stageText(two, 3)).toContain('This net has no hidden layer');
  });
});

test('locked units are counted', () => {
  const [, hidden, , output] = columnsOf('relu');
  const zeros = [...hidden.sums].filter((sum) => sum <= 0).length;
  expect(lockedCount(hidden)).toBe(zeros);
  expect(lockedCount(output)).toBe(0);
  expect(lockText(0)).toBe('This unit passes no error back: its slope is 0.');
  expect(lockText(0.001)).toContain('almost no error');
});
