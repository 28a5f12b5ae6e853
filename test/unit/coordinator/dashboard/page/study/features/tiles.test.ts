import { expect, test } from 'vitest';
import {
  tileAt,
  tileBeside,
  tileLayout,
  tilePlace,
  tilesHeight,
} from '../../../../../../../coordinator/dashboard/page/study/features/tiles.ts';

const layout = tileLayout(10, { width: 5, height: 4 }, 130);

test('pictures have whole pixels per value, unless they are too large', () => {
  expect(layout).toEqual({ columns: 3, count: 10, width: 30, height: 24 });
  expect(tileLayout(1, { width: 28, height: 28 }, 390)).toMatchObject({ width: 28, height: 28 });
  expect(tileLayout(1, { width: 100, height: 50 }, 390)).toMatchObject({ width: 34, height: 17 });
  expect(tileLayout(3, { width: 28, height: 28 }, 5).columns).toBe(1);
});

test('each tile is found where it is', () => {
  for (let tile = 0; tile < 10; tile++) {
    const [x, y, width, height] = tilePlace(layout, tile);
    expect(tileAt(layout, x + width / 2, y + height / 2)).toBe(tile);
    expect(y + height).toBeLessThanOrEqual(tilesHeight(layout));
  }
  expect(tileAt(layout, 125, 5)).toBeUndefined();
  expect(tileAt(layout, 60, 3 * 28 + 5)).toBeUndefined();
});

test('arrow keys lead to all tiles', () => {
  const go = (tile: number | undefined, arrow: string) => tileBeside(layout, tile, arrow);
  expect(go(undefined, 'ArrowUp')).toBe(0);
  expect(go(0, 'ArrowDown')).toBe(3);
  expect(go(3, 'ArrowUp')).toBe(0);
  expect(go(9, 'ArrowRight')).toBe(9);
  expect(go(0, 'ArrowLeft')).toBe(0);
});
