import { describe, expect, test } from 'vitest';
import { assembleDataset } from '../../../../../shared/data/import/assemble.ts';
import { findingsOf } from '../../../../../shared/data/import/findings.ts';
import type { ImportOptions, SourceExamples } from '../../../../../shared/data/import/source.ts';
import { textColumn } from '../../../../../shared/data/tables/table.ts';
import { importOptions } from '../../../../support/import-context.ts';
import { numbers } from '../../../../support/text-table.ts';

const { NaN: missing } = Number;

function assemble(change: Partial<SourceExamples>, options: Partial<ImportOptions> = {}) {
  const notes: string[] = [];
  const examples: SourceExamples = {
    format: 'a test',
    count: 6,
    inputs: { kind: 'table', columns: [numbers('x', 1, 3, 1, 3, 3, 9)] },
    target: textColumn('kind', ['b', 'a', 'b', 'a', 'b', 'a']),
    isTest: Uint8Array.of(0, 0, 0, 0, 1, 1),
    ...change,
  };
  const note = (line: string) => notes.push(line);
  const dataset = assembleDataset(examples, importOptions(options), 'toy', note);
  return { dataset, findings: findingsOf(dataset), notes };
}

describe('a dataset', () => {
  test('says that many whole numbers are taken for a quantity', () => {
    const count = 30;
    const target = numbers('id', ...Array.from({ length: count }, (_, i) => i));
    const inputs = {
      kind: 'table',
      columns: [numbers('x', ...Array.from({ length: count }, (_, i) => i % 7))],
    } as const;
    const change = {
      count,
      inputs,
      target,
      isTest: Uint8Array.from({ length: count }, (_, i) => i & 1),
    };
    expect(assemble(change).notes).toContain(
      'the target id has many whole numbers, so it is a quantity; ' +
        '--task classes makes a class of each',
    );
    expect(assemble(change, { task: 'regression' }).notes).toEqual([]);
  });

  test('of classes has standardized inputs, labels and columns', () => {
    const { dataset, findings } = assemble({});
    expect(dataset).toMatchObject({
      definition: { name: 'toy', classNames: ['a', 'b'], columns: [{ mean: 2, deviation: 1 }] },
      shape: [1],
      train: { count: 4, inputs: Float32Array.of(-1, 1, -1, 1), labels: Uint8Array.of(1, 0, 1, 0) },
      test: { count: 2, inputs: Float32Array.of(1, 7), labels: Uint8Array.of(1, 0) },
    });
    expect(findings).toEqual({
      trainingExamples: 4,
      testExamples: 2,
      classes: [
        { name: 'a', training: 2, test: 1 },
        { name: 'b', training: 2, test: 1 },
      ],
      imbalance: 1,
      duplicates: 1,
      baseline: { kind: 'most frequent', name: 'a', accuracy: 0.5 },
    });
  });

  test('of numbers has standardized targets, and errors in their units', () => {
    const { dataset, findings } = assemble({ target: numbers('y', 10, 30, 10, 30, 20, 50.5) });
    expect(dataset.definition).toMatchObject({ target: { name: 'y', mean: 20, deviation: 10 } });
    expect(dataset.train.labels).toEqual(Float32Array.of(-1, 1, -1, 1));
    expect(dataset.test.labels).toEqual(Float32Array.of(0, 3.05));
    expect(findings.baseline).toMatchObject({ kind: 'mean', value: 20 });
    expect(findings.baseline).toMatchObject({ mae: expect.closeTo(15.25, 4) });
  });

  test('of many classes has labels of 32 bits', () => {
    const values = Array.from({ length: 300 }, (_, i) => i);
    const all = [...values, ...values, 7];
    const { dataset } = assemble(
      {
        count: all.length,
        inputs: { kind: 'table', columns: [numbers('x', ...all.map((_, i) => i * i))] },
        target: numbers('label', ...all),
        isTest: Uint8Array.from(all, (_, i) => (i === 600 ? 1 : 0)),
      },
      { task: 'classes' },
    );
    expect(dataset.train.labels).toBeInstanceOf(Int32Array);
    expect(dataset.train.labels[299]).toBe(299);
  });

  test('of images keeps their bytes', () => {
    const pixels = Uint8Array.from({ length: 36 }, (_, i) => i);
    const { dataset } = assemble({
      inputs: { kind: 'images', height: 1, width: 2, channels: 3, pixels },
    });
    expect(dataset.shape).toEqual([1, 2, 3]);
    expect(dataset.definition).not.toHaveProperty('columns');
    expect(dataset.test.inputs).toEqual(pixels.subarray(24));
  });

  test('leaves rows without a target out, and says so', () => {
    const { dataset, notes } = assemble({ target: numbers('y', 1, 2, missing, 1, 2, missing) });
    expect([dataset.train.count, dataset.test.count]).toEqual([3, 1]);
    expect(notes).toContain('left out, because the target is missing: 2 of 6 rows');
  });

  test('needs an example of each class for training, and says which is not tested', () => {
    expect(() => assemble({ target: textColumn('kind', ['a', 'b', 'a', 'b', 'c', 'd']) })).toThrow(
      '2 of 4 classes have no example for training (c, d): add examples',
    );
    expect(assemble({ target: textColumn('kind', ['a', 'b', 'c', 'c', 'a', 'a']) }).notes).toEqual([
      'no test example has one of 2 classes: b, c',
    ]);
  });

  test('is refused if the target is the same in all training rows', () => {
    expect(() => assemble({ target: numbers('y', 5.5, 5.5, 5.5, 5.5, 1, 2) })).toThrow(
      'the target y is the same in all training rows',
    );
  });
});
