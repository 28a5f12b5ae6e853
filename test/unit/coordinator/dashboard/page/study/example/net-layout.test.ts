import { expect, test } from 'vitest';
import { mosaicOf } from '../../../../../../../coordinator/dashboard/page/study/example/mosaic.ts';
import {
  isNarrow,
  layOutNet,
  netHeight,
  type UnitKey,
  unitAtPoint,
  unitBeside,
  unitRect,
} from '../../../../../../../coordinator/dashboard/page/study/example/net-layout.ts';

const vector = (channels: number) => ({ height: 1, width: 1, channels });
const mosaics = [{ height: 9, width: 8, channels: 3 }, vector(30), vector(4)].map(mosaicOf);

test.for([358, 900])('at %i pixels, each unit is found where it is drawn', (width) => {
  const cells = layOutNet(mosaics, width);
  expect(cells).toHaveLength(9);
  const height = netHeight(mosaics, width);
  for (const cell of cells) {
    const { room, rect, column, mosaic } = cell;
    expect(room.x + room.width).toBeLessThanOrEqual(width + 0.001);
    expect(room.y + room.height).toBeLessThanOrEqual(height);
    expect(rect.x).toBeGreaterThanOrEqual(room.x);
    expect(rect.y + rect.height).toBeLessThanOrEqual(room.y + room.height);
    const { shape } = mosaic;
    for (const unit of [0, shape.height * shape.width * shape.channels - 1]) {
      const place = unitRect(cell, unit);
      const middle = [place.x + place.width / 2, place.y + place.height / 2] as const;
      expect(unitAtPoint(cells, middle)).toEqual({ column, unit });
    }
  }
  expect(unitAtPoint(cells, [1, 1])).toBeUndefined();
});

test('layers go from left to right, or on a phone from top to bottom', () => {
  expect([isNarrow(358), isNarrow(900)]).toEqual([true, false]);
  const place = (width: number) =>
    layOutNet(mosaics, width)
      .filter(({ band }) => band === 'values')
      .map(({ room }) => [Math.round(room.x), room.y]);
  expect(new Set(place(900).map(([, y]) => y)).size).toBe(1);
  expect(new Set(place(358).map(([x]) => x)).size).toBe(1);
});

test('the names of ten classes have room beside their outputs on a phone', () => {
  const ten = [{ height: 28, width: 28, channels: 1 }, vector(10)].map(mosaicOf);
  const cells = layOutNet(ten, 358).filter(({ band }) => band === 'values');
  expect(cells[0].room.height).toBe(132);
  expect(unitRect(cells[1], 0).height).toBeGreaterThanOrEqual(14);
});

test('arrow keys go from unit to unit, over the gaps, and from column to column', () => {
  const walk = (from: UnitKey | undefined, ...arrows: string[]) =>
    arrows.reduce<UnitKey | undefined>((unit, arrow) => unitBeside(mosaics, unit, arrow), from);
  expect(walk(undefined, 'ArrowDown')).toEqual({ column: 2, unit: 0 });
  const start = { column: 0, unit: 0 };
  expect(walk(start, 'ArrowRight')).toEqual({ column: 0, unit: 3 });
  expect(walk(start, 'ArrowUp')).toEqual(start);
  // Over the gap to the map of channel 1.
  expect(walk({ column: 0, unit: 21 }, 'ArrowRight')).toEqual({ column: 0, unit: 1 });
  expect(walk({ column: 1, unit: 5 }, 'ArrowRight')).toEqual({ column: 2, unit: 0 });
  expect(walk({ column: 2, unit: 3 }, 'ArrowLeft')).toEqual({ column: 1, unit: 23 });
  expect(walk({ column: 2, unit: 3 }, 'ArrowRight')).toEqual({ column: 2, unit: 3 });
});
