import { expect, test } from 'vitest';
import {
  kernelGrids,
  windowGrid,
} from '../../../../../../../coordinator/dashboard/page/study/example/kernel-grid.ts';
import { studyUnit } from '../../../../../../../shared/study/unit-study.ts';
import { openStudiedNet } from '../../../../../../support/toy-study.ts';

const { lab, pixels } = openStudiedNet('convolutional');
const study = lab.studyExample(pixels, 1);
const planned = (layer: number) => study.layers[layer].planned;
const unitOf = (column: number, unit: number) => studyUnit(study, lab.parameters, { column, unit });

test('a kernel at the corner of an image has zeros around, and the pixels in their order', () => {
  const [grid, ...others] = kernelGrids(planned(0), unitOf(1, 2).forward);
  expect(others).toEqual([]);
  expect(grid.cells.map((term) => term?.from)).toEqual([
    ...[undefined, undefined, undefined],
    ...[undefined, 0, 1],
    ...[undefined, 8, 9],
  ]);
});

test('the channels of a patch add up to z without the bias', () => {
  const unit = unitOf(3, 5);
  const grids = kernelGrids(planned(4), unit.forward);
  expect(grids).toHaveLength(3);
  const sum = grids.reduce((total, each) => total + each.sum, 0);
  expect(sum + (unit.bias ?? 0)).toBeCloseTo(unit.sum, 5);
  for (const { cells, channel } of grids)
    for (const term of cells) expect((term?.from ?? -1) % 3).toBe(channel);
});

test('the window of a maximum has its winner', () => {
  const unit = unitOf(2, 4);
  const { cells, size, sum } = windowGrid(planned(3), 4, unit.forward);
  expect(size).toBe(2);
  expect(sum).toBe(unit.value);
  const winner = cells.find((term) => term?.weight === 1);
  expect(winner?.value).toBe(Math.max(...cells.map((term) => term?.value ?? 0)));
});

test('other layers have no kernel', () => {
  expect(kernelGrids(planned(3), unitOf(2, 4).forward)).toEqual([]);
});
