import { expect, test } from 'vitest';
import {
  cellOf,
  mosaicOf,
  placeMosaic,
  unitAt,
} from '../../../../../../../coordinator/dashboard/page/study/example/mosaic.ts';

const SHAPES = [
  { height: 1, width: 1, channels: 10 },
  { height: 1, width: 1, channels: 256 },
  { height: 1, width: 1, channels: 37 },
  { height: 4, width: 5, channels: 1 },
  { height: 3, width: 2, channels: 7 },
];

test.for(SHAPES)('each value of %o has a cell of its own', (shape) => {
  const mosaic = mosaicOf(shape);
  const count = shape.height * shape.width * shape.channels;
  const cells = Array.from({ length: count }, (_, unit) => cellOf(mosaic, unit));
  expect(new Set(cells.map(String)).size).toBe(count);
  for (const [unit, [x, y]] of cells.entries()) {
    expect(x).toBeLessThan(mosaic.width);
    expect(y).toBeLessThan(mosaic.height);
    expect(unitAt(mosaic, [x + 0.5, y + 0.9])).toBe(unit);
  }
});

test('short vectors stand, long ones are squares, and images keep their shape', () => {
  const sizes = SHAPES.map(mosaicOf).map(({ width, height }) => [width, height]);
  expect(sizes).toEqual([
    [1, 10],
    [16, 16],
    [7, 6],
    [5, 4],
    [8, 11],
  ]);
});

test('nothing is between the maps, nor outside', () => {
  const mosaic = mosaicOf(SHAPES[4]);
  for (const [x, y] of [
    [2, 0],
    [0, 3],
    [-1, 0],
    [0, 11],
    [9, 0],
    [4, 8],
  ] as const)
    expect(unitAt(mosaic, [x, y])).toBeUndefined();
});

test('a mosaic is as large as its room, in the middle', () => {
  const room = { x: 10, y: 0, width: 100, height: 60 };
  expect(placeMosaic(mosaicOf(SHAPES[3]), room)).toEqual({ x: 22.5, y: 0, width: 75, height: 60 });
  expect(placeMosaic(mosaicOf(SHAPES[3]), room, 10)).toEqual({
    ...{ x: 35, y: 10 },
    ...{ width: 50, height: 40 },
  });
});
