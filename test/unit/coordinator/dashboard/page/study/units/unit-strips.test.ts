import { expect, test } from 'vitest';
import {
  lookOf,
  stripLayout,
  stripsHeight,
  unitAt,
  unitBeside,
} from '../../../../../../../coordinator/dashboard/page/study/units/unit-strips.ts';

const layer = (units: number) => ({
  name: 'a',
  function: 'relu' as const,
  parts: new Float32Array(units),
});
const row = (step: number) => ({ step, layers: [layer(8), layer(4)] });
const layout = stripLayout([row(0), row(5), row(9)]);

test('each unit is found where it is drawn', () => {
  const height = stripsHeight(layout);
  expect(unitAt(layout, 57, 30, 856)).toEqual({ layer: 0, unit: 0 });
  expect(unitAt(layout, 855, 30, 856)).toEqual({ layer: 0, unit: 7 });
  expect(unitAt(layout, 855, height - 20, 856)).toEqual({ layer: 1, unit: 3 });
  expect(unitAt(layout, 20, 30, 856)).toBeUndefined();
  expect(unitAt(layout, 100, height + 5, 856)).toBeUndefined();
});

test('arrow keys lead to each unit and stay within the strips', () => {
  const go = (place: { layer: number; unit: number } | undefined, ...arrows: string[]) =>
    arrows.reduce((at, arrow) => unitBeside(layout, at, `Arrow${arrow}`), place);
  expect(go(undefined, 'Right')).toEqual({ layer: 0, unit: 0 });
  expect(go({ layer: 0, unit: 0 }, 'Left', 'Up')).toEqual({ layer: 0, unit: 0 });
  expect(go({ layer: 0, unit: 7 }, 'Right', 'Down')).toEqual({ layer: 1, unit: 3 });
  expect(go({ layer: 1, unit: 0 }, 'Right', 'Up', 'Down')).toEqual({ layer: 1, unit: 1 });
});

test('many layers have lower rows, and no rows have no units', () => {
  const many = { step: 0, layers: Array.from({ length: 9 }, () => layer(3)) };
  expect(stripLayout([many]).rowHeight).toBeLessThan(layout.rowHeight);
  expect(unitBeside(stripLayout([]), undefined, 'ArrowDown')).toBeUndefined();
});

test('what is wrong has its own color', () => {
  expect(lookOf('dead', 0)[0]).toBe(lookOf('saturated', 1)[0]);
  expect(lookOf('dead', 0)[0]).not.toBe(lookOf('usual', 0.5)[0]);
  expect(lookOf('usual', 0.9)[1]).toBeGreaterThan(lookOf('usual', 0.1)[1]);
});
