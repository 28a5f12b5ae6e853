import { describe, expect, test } from 'vitest';
import { findingLines, firstLine, nextLines } from '../../../../../shared/cli/data/import-text.ts';
import type { ImportedDataset } from '../../../../../shared/data/import/assemble.ts';
import type { Findings } from '../../../../../shared/data/import/findings.ts';

const labels = new Uint8Array(1);
const dataset = (shape: number[], count: number): ImportedDataset => ({
  format: 'a test',
  definition: { name: 'pets', classNames: ['cat', 'dog'] },
  shape,
  train: { count, inputs: new Uint8Array(1), labels },
  test: { count: 1, inputs: new Uint8Array(1), labels },
  duplicates: 0,
});
const findings: Findings = {
  trainingExamples: 1_200,
  testExamples: 300,
  classes: [
    { name: 'cat', training: 1_000, test: 240 },
    { name: 'dog', training: 200, test: 60 },
  ],
  imbalance: 5,
  duplicates: 1,
  baseline: { kind: 'most frequent', name: 'cat', accuracy: 0.8 },
};

describe('what an import says', () => {
  test.for([
    [[28, 28], 'images of 28 × 28 pixels gray'],
    [[8, 9, 3], 'images of 8 × 9 pixels in color'],
    [[8, 9, 4], 'images of 8 × 9 pixels of 4 channels'],
    [[7], 'rows of 7 inputs'],
  ] as const)('names the examples: %j', ([shape, text]) => {
    expect(firstLine(dataset([...shape], 1), findings)).toBe(
      `pets: 1,200 training and 300 test ${text}, 2 classes`,
    );
  });

  test('counts classes, warns, and says what to beat', () => {
    expect(findingLines(dataset([8, 8], 1), findings)).toEqual([
      'class  training  test',
      '  cat     1,000   240',
      '  dog       200    60',
      '',
      'Unbalanced: the largest class has 5.0 times the examples of the smallest. Look at the ' +
        'accuracy of each class.',
      '1 test example also in the training set: they make the test too good.',
      'To beat: always cat is right for 80.00 % of the test examples.',
      'Look at sheet.png there: are the images and classes right?',
    ]);
    const baseline = { kind: 'mean', value: 41.23456, rmse: 9, mae: 7.5 } as const;
    const number: Findings = {
      ...findings,
      classes: [],
      imbalance: undefined,
      duplicates: 0,
      baseline,
    };
    expect(findingLines(dataset([3], 1), number)).toEqual([
      'To beat: always the mean, 41.23, is off by 7.5 on average (RMSE 9).',
    ]);
  });

  test('advises a training that fits the data', () => {
    const command = (shape: number[], count: number) => nextLines(dataset(shape, count), 'd')[1];
    expect(command([28, 28], 60_000)).toBe('  npx lockstep train --data-dir d --model cnn-small');
    expect(command([32, 32, 3], 1_000)).toBe(
      '  npx lockstep train --data-dir d --model cnn-small --global-batch 32 --epochs 64 --lr 0.03',
    );
    expect(command([8, 8], 1_000)).toBe(
      '  npx lockstep train --data-dir d --global-batch 32 --epochs 64',
    );
    expect(command([3], 100)).toBe(
      '  npx lockstep train --data-dir d --global-batch 32 --epochs 100',
    );
    const classNames = Array.from({ length: 65_536 }, (_, i) => String(i));
    const many = { ...dataset([4], 70_000), definition: { name: 'many', classNames } };
    expect(nextLines(many, 'd')[1]).toBe('  npx lockstep train --data-dir d --global-batch 1024');
  });
});
