import { describe, expect, test } from 'vitest';
import { summarizeSpeeds } from '../../../../../coordinator/dashboard/speed/speed-summary.ts';

/** The point of so many workers, which train `speed` examples/s. */
const point = (workers: number, speed: number, steps = 100) => ({
  ...{ workers, steps, examples: 128 * steps, milliseconds: (128 * steps * 1000) / speed },
});
const breakdown = {
  ...{ compute: 1, slowest: 0, broadcast: 3, serialise: 0, wire: 0, reduce: 0, update: 0 },
  between: 0,
};
const notesOf = (...args: Parameters<typeof summarizeSpeeds>) =>
  summarizeSpeeds(...args)?.notes.join(' ') ?? '';

describe('the summary of the speeds', () => {
  test('is unknown without a point', () => {
    expect(summarizeSpeeds([], breakdown, 128)).toBeUndefined();
    expect(summarizeSpeeds([{ ...point(1, 1), milliseconds: 0 }], breakdown, 128)).toBeUndefined();
  });

  test('has the speed of each number of workers, and says which come from few steps', () => {
    const { measured, base } = summarizeSpeeds(
      [point(1, 1000, 49), point(2, 1900, 50), point(4, 3000)],
      undefined,
      128,
    ) ?? { measured: [] };
    expect(measured.map(({ workers, isDoubtful }) => [workers, isDoubtful])).toEqual([
      [1, true],
      [2, false],
      [4, false],
    ]);
    expect(measured[1].examplesPerSecond).toBeCloseTo(1900);
    // Speeds are compared with one that is sure.
    expect(base).toBe(1);
    expect(summarizeSpeeds([point(3, 10, 1), point(4, 10, 1)], undefined, 128)?.base).toBe(0);
  });

  test('has a law only for three sure points', () => {
    const points = [1, 2, 4].map((workers) =>
      point(workers, (1000 * workers) / (0.9 + 0.1 * workers)),
    );
    const { law } = summarizeSpeeds(points, undefined, 128) ?? {};
    expect(law?.sigma).toBeCloseTo(0.1);
    expect(summarizeSpeeds(points.slice(0, 2), undefined, 128)?.law).toBeNull();
    const doubtful = [...points.slice(0, 2), { ...points[2], steps: 3 }];
    expect(summarizeSpeeds(doubtful, undefined, 128)?.law).toBeNull();
    expect(notesOf(points, undefined, 128)).toMatch(/speedup approaches 10 /);
    expect(notesOf(doubtful, undefined, 128)).toMatch(/hollow point/);
  });

  test('says where the ideal line starts', () => {
    expect(notesOf([point(1, 10)], undefined, 128)).toMatch(/N times as fast as one/);
    expect(notesOf([point(3, 10)], undefined, 128)).toMatch(/starts from 3 workers/);
  });

  test('says what limits the speed, and what to try', () => {
    expect(notesOf([point(1, 10)], breakdown, 128)).toMatch(
      /75 % of a step\. Try a larger --global-batch than 128/,
    );
    expect(notesOf([point(1, 10)], { ...breakdown, compute: 9 }, 128)).not.toMatch(/Try/);
  });
});
