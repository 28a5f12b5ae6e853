import { describe, expect, test } from 'vitest';
import {
  type ChartOptions,
  frameOf,
} from '../../../../../../coordinator/dashboard/page/chart/chart-layout.ts';
import { shortNumbers } from '../../../../../../coordinator/dashboard/page/chart/scale.ts';

const options: ChartOptions = {
  x: { from: 0, to: 100, textsOf: shortNumbers },
  y: { from: 0, to: 1, textsOf: shortNumbers },
  height: 200,
};

describe('the frame of a chart', () => {
  test('has the lines between the texts of both axes, from their ends to their ends', () => {
    const { plot, x, y } = frameOf(options, 500);
    expect(plot).toEqual({ x: 60, y: 8, width: 420, height: 168 });
    expect([x(0), x(100), y(0), y(1)]).toEqual([60, 480, 176, 8]);
  });

  test('has room for titles, and no more than is asked for below', () => {
    const { x, y } = options;
    const titled = frameOf({ ...options, x: { ...x, title: 'a' }, y: { ...y, title: 'b' } }, 500);
    expect(titled.plot).toMatchObject({ y: 28, height: 128 });
    expect(frameOf({ ...options, bottom: 0 }, 500).plot.height).toBe(192);
  });

  test('has as many ticks as have room', () => {
    const textsOn = (width: number) => frameOf(options, width).xTicks.map(({ text }) => text);
    expect(textsOn(1000)).toEqual([
      '0',
      '10',
      '20',
      '30',
      '40',
      '50',
      '60',
      '70',
      '80',
      '90',
      '100',
    ]);
    expect(textsOn(390)).toEqual(['0', '20', '40', '60', '80', '100']);
    expect(textsOn(100)).toEqual(['0', '100']);
    expect(frameOf(options, 390).yTicks[1]).toMatchObject({ text: '0.2' });
  });

  test('has ticks without texts where there are to be none', () => {
    const { xTicks } = frameOf({ ...options, x: { from: 0, to: 100 } }, 390);
    expect(xTicks.map(({ text }) => text)).toEqual(Array(6).fill(''));
  });

  test('survives a window that is narrower than its margins', () => {
    const { plot, x } = frameOf(options, 10);
    expect(plot.width).toBe(1);
    expect(Number.isFinite(x(50))).toBe(true);
  });
});
