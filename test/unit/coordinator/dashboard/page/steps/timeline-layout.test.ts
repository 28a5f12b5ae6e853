import { describe, expect, test } from 'vitest';
import {
  barAt,
  barBeside,
  barKey,
  frameOf,
  placeBars,
  ticksOf,
  windowOf,
  xScale,
  zoomBy,
  zoomTo,
} from '../../../../../../coordinator/dashboard/page/steps/timeline-layout.ts';
import { sceneOf } from '../../../../../../coordinator/dashboard/page/steps/timeline-scene.ts';
import { toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

/** Steps of 4 ms in a row, each with some workers. */
function toyScene(stepCount: number, workers = 2) {
  const shares = Array.from({ length: workers }, (_, rank) => toyShare(rank, rank, rank + 1));
  const details = Array.from({ length: stepCount }, (_, i) =>
    toyStep(shares, { step: i, startedAt: 100 + 4 * i }),
  );
  return sceneOf(details, []);
}
const scene = toyScene(8);
const whole = { zoom: Number.NEGATIVE_INFINITY, back: 0 };
const WIDTH = 720;

describe('the window', () => {
  test('shows as many of the newest rounds as have room, and one at least', () => {
    expect(windowOf(scene, WIDTH, { zoom: 0, back: 0 })).toEqual({ fromMs: 16, toMs: 32 });
    expect(windowOf(scene, 100, { zoom: 0, back: 0 })).toEqual({ fromMs: 28, toMs: 32 });
    expect(windowOf(scene, 9999, { zoom: 0, back: 0 })).toEqual({ fromMs: 0, toMs: 32 });
  });

  test('shows half of it for each zoom in, and never more than there is', () => {
    expect(windowOf(scene, WIDTH, { zoom: 2, back: 0 })).toEqual({ fromMs: 28, toMs: 32 });
    expect(windowOf(scene, WIDTH, { zoom: -5, back: 0 })).toEqual({ fromMs: 0, toMs: 32 });
    expect(windowOf(scene, WIDTH, whole)).toEqual({ fromMs: 0, toMs: 32 });
  });

  test('keeps a moment in its place while the user zooms, if it can', () => {
    const placeOf = (ms: number, zoom: { zoom: number; back: number }) => {
      const { fromMs, toMs } = windowOf(scene, WIDTH, zoom);
      return (ms - fromMs) / (toMs - fromMs);
    };
    let zoom = { zoom: 1, back: 0.5 };
    const before = placeOf(17, zoom);
    for (const by of [1, 1, -1]) zoom = zoomBy(scene, WIDTH, zoom, by, before);
    expect(placeOf(17, zoom)).toBeCloseTo(before);
  });

  test('stops zooming at both ends, and comes back at once', () => {
    let zoom = { zoom: 0, back: 0 };
    for (let i = 0; i < 30; i++) zoom = zoomBy(scene, WIDTH, zoom, -1, 0.5);
    const { fromMs, toMs } = windowOf(scene, WIDTH, zoomBy(scene, WIDTH, zoom, 1, 0.5));
    expect(toMs - fromMs).toBe(16);
    for (let i = 0; i < 30; i++) zoom = zoomBy(scene, WIDTH, zoom, 1, 0.5);
    expect(zoom.zoom).toBe(10);
  });

  test('moves to a moment, but not beyond the rounds', () => {
    const at = (ms: number) => windowOf(scene, WIDTH, zoomTo(scene, WIDTH, 1, ms, 0.5));
    expect(at(10)).toEqual({ fromMs: 6, toMs: 14 });
    expect(at(-50).fromMs).toBe(0);
    expect(at(99).toMs).toBe(32);
  });

  test('is one of some length even if a step took no time', () => {
    const empty = sceneOf([toyStep([], { milliseconds: 0 })], []);
    const { fromMs, toMs } = windowOf(empty, WIDTH, { zoom: 3, back: 0 });
    expect(toMs).toBeGreaterThan(fromMs);
  });
});

describe('the frame', () => {
  test('has high rows for few workers, and thin ones without a name each for many', () => {
    expect(frameOf(4, 1400)).toMatchObject({ rowHeight: 36, namedRows: 1, height: 192 });
    expect(frameOf(65, 1400)).toMatchObject({ rowHeight: 6, thickness: 5, namedRows: 3 });
    expect(frameOf(257, 1400)).toMatchObject({ rowHeight: 4, thickness: 3, namedRows: 4 });
  });

  test('leaves less room for names on a phone', () => {
    expect(frameOf(4, 360).gutter).toBeLessThan(frameOf(4, 1400).gutter);
  });
});

describe('a bar', () => {
  const frame = frameOf(scene.rows.length, WIDTH);

  test('is where its time is, within the picture', () => {
    const window = { fromMs: 1, toMs: 5 };
    const xOf = xScale(window, frame, WIDTH);
    const placed = placeBars(scene, window, frame, WIDTH);
    const compute = placed.find(({ bar }) => bar.kind === 'compute' && bar.row === 1);
    // It began at 0.75 ms, outside the window.
    expect(compute?.x).toBe(frame.gutter);
    expect((compute?.x ?? 0) + (compute?.width ?? 0)).toBeCloseTo(xOf(2.75));
    for (const { x, y, width, height } of placed) {
      expect(x).toBeGreaterThanOrEqual(frame.gutter);
      expect(x + width).toBeLessThanOrEqual(WIDTH + 1);
      expect(y).toBeGreaterThanOrEqual(frame.top);
      expect(y + height).toBeLessThanOrEqual(frame.height);
    }
  });

  test('has a pixel at least, and shares it with its neighbors of the same kind', () => {
    const reductions = Array.from({ length: 500 }, (_, i) => [i / 1000, 0.0005] as const);
    const dense = sceneOf([toyStep([], { reductions, milliseconds: 1000, isDone: false })], []);
    const placed = placeBars(dense, { fromMs: 0, toMs: 1000 }, frame, WIDTH);
    const sums = placed.filter(({ bar }) => bar.kind === 'add');
    expect(sums.length).toBeLessThanOrEqual(2);
    expect(sums.every(({ width }) => width >= 1)).toBe(true);
  });

  test('is found under the pointer, and three pixels beside it', () => {
    const placed = placeBars(scene, windowOf(scene, WIDTH, whole), frame, WIDTH);
    for (const { bar, x, y, width, height } of placed) {
      const found = barAt(placed, frame, x + width / 2, y + height / 2);
      expect(found?.row).toBe(bar.row);
      expect(found && found.fromMs <= bar.toMs && bar.fromMs <= found.toMs).toBe(true);
    }
    expect(barAt(placed, frame, 0, 40)).toBeUndefined();
    const [first] = placed;
    expect(barAt(placed, frame, first.x - 3, first.y + 1)).toBe(first.bar);
  });

  test('of no width is found before the one behind it', () => {
    const thin = sceneOf([toyStep([toyShare(0, 0, 1, { send: [2.75, 2.751] })])], []);
    const placed = placeBars(thin, { fromMs: 0, toMs: 4 }, frame, WIDTH);
    const send = placed.find(({ bar }) => bar.kind === 'send');
    expect(send && barAt(placed, frame, send.x, send.y + 1)?.kind).toBe('send');
  });

  test('leads to the next one in time, and to the nearest one in the next row', () => {
    const { bars } = scene;
    const [receive, compute] = bars.filter(({ row }) => row === 1);
    expect(barBeside(bars, receive, 'ArrowRight')).toBe(compute);
    expect(barBeside(bars, compute, 'ArrowLeft')).toBe(receive);
    expect(barBeside(bars, receive, 'ArrowLeft')).toBeUndefined();
    const below = barBeside(bars, compute, 'ArrowDown');
    expect(below).toMatchObject({ row: 2, fromMs: compute.fromMs });
    expect(barBeside(bars, below, 'ArrowDown')).toBeUndefined();
    expect(barBeside(bars, below, 'ArrowUp')?.row).toBe(1);
    expect(barBeside(bars, undefined, 'ArrowUp')).toBe(bars.at(-1));
  });

  test('has a key of its own', () => {
    expect(new Set(scene.bars.map(barKey)).size).toBe(scene.bars.length);
  });
});

describe('the ticks', () => {
  const texts = (fromMs: number, toMs: number) =>
    ticksOf({ fromMs, toMs }, 5).map(({ text }) => text);

  test('are round values with as many digits as they need', () => {
    expect(texts(0, 10)).toEqual(['0 ms', '2 ms', '4 ms', '6 ms', '8 ms', '10 ms']);
    expect(texts(1.02, 1.1)).toEqual(['1.02 ms', '1.04 ms', '1.06 ms', '1.08 ms', '1.10 ms']);
    expect(texts(-1.5, 1)).toEqual(['-1.5 ms', '-1.0 ms', '-0.5 ms', '0.0 ms', '0.5 ms', '1.0 ms']);
  });

  test('are in seconds for long steps', () => {
    expect(texts(0, 1000)).toEqual(['0.0 s', '0.2 s', '0.4 s', '0.6 s', '0.8 s', '1.0 s']);
    expect(texts(0, 30_000)).toEqual(['0 s', '10 s', '20 s', '30 s']);
  });
});
