import { expect, test } from 'vitest';
import { columnsOf, isLocked, studyColumns } from '../../../../shared/study/columns.ts';
import { openStudiedNet } from '../../../support/toy-study.ts';

test('the columns of a net: each sum with what changes its values, behind the input', () => {
  const { lab, pixels, plan } = openStudiedNet('everything');
  const study = lab.studyExample(pixels, 0);
  expect(columnsOf(study.layers)).toEqual([
    { source: undefined, changes: [0] },
    { source: 1, changes: [2, 3, 4] },
    { source: 5, changes: [] },
    { source: 6, changes: [7] },
    { source: 8, changes: [] },
  ]);
  const columns = studyColumns(study, plan.spec.input);
  expect(columns.map(({ layers }) => layers.map(({ name }) => name))).toEqual([
    ['norm1'],
    ['conv1', 'activation1', 'norm2', 'dropout1'],
    ['pool1'],
    ['dense1', 'activation2'],
    ['dense2'],
  ]);
  expect(columns[0].sums).toBe(study.pixels);
  expect(columns[0].deltas).toBeUndefined();
  expect(columns[2].slopes).toBeUndefined();
  expect(columns[4].values).toEqual(study.logits);
});

test('the columns of a net with one layer: the pixels and the outputs', () => {
  const { lab, pixels, plan } = openStudiedNet('relu');
  const { layers, ...rest } = lab.studyExample(pixels, 0);
  const [input, output, ...others] = studyColumns(
    { ...rest, layers: layers.slice(-1) },
    plan.spec.input,
  );
  expect(others).toEqual([]);
  expect(input.values).toBe(rest.pixels);
  // A flattened picture is drawn as a picture all the same.
  expect(input.shape).toEqual({ height: 4, width: 5, channels: 1 });
  expect(output.deltas).toBe(layers.at(-1)?.deltas);
});

test('a unit is locked if its slope is zero or nearly, in which the engine has ReLU', () => {
  expect([0, 0.001, -0.001, Math.fround(0.01), 0.25, 1].map(isLocked)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
  const { lab, pixels, plan } = openStudiedNet('relu');
  const [, { sums, slopes }] = studyColumns(lab.studyExample(pixels, 0), plan.spec.input);
  expect([...(slopes ?? [])]).toEqual([...sums].map((sum) => (sum > 0 ? 1 : 0)));
});
