import { expect, test } from 'vitest';
import type { StepTiming } from '../../coordinator/step-timings.ts';
import { breakDown, meanBreakdown, STEP_PARTS, timedSteps } from '../../deploy/speedup/step-breakdown.ts';

const share = (rank: number, startMs: number, roundTripMs: number, computeMs: number) => ({
  ...{ rank, examples: 64, startMs, roundTripMs, computeMs, sendMs: 1, cpuMs: 0, throttledMs: 0 },
  clockOffsetMs: undefined,
});

function step(number: number, doneAt: number, epoch = 1): StepTiming {
  return {
    ...{ step: number, epoch, doneAt, examples: 128, worldSize: 2, milliseconds: 20, updateMs: 2 },
    ...{ fingerprint: '', chain: '', broadcastMs: 2, reduceMs: 1 },
    coordinator: { cpuMs: 0, throttledMs: 0, sentBytes: 0, receivedBytes: 0 },
    shares: [share(0, 1, 12, 8), share(1, 2, 15, 10)],
  };
}

test('a step is followed along the worker whose sums came last, and its parts are the whole step', () => {
  const [timed] = timedSteps([step(4, 100), step(5, 121)]);
  const breakdown = breakDown(timed);
  expect(breakdown).toEqual({
    ...{ compute: 9, slowest: 1, broadcast: 2, serialise: 1, wire: 4, reduce: 1, update: 2, between: 1 },
  });
  expect(STEP_PARTS.reduce((sum, part) => sum + (breakdown?.[part] ?? 0), 0)).toBe(timed.wholeMs);
});

test('a step after a gap or an evaluation has no known beginning', () => {
  const steps = [step(1, 10), step(2, 31), step(4, 90), step(5, 111, 2), step(6, 132, 2)];
  expect(timedSteps(steps).map((timed) => [timed.step, timed.wholeMs])).toEqual([
    [2, 21],
    [6, 21],
  ]);
});

test('workers that do not tell their times leave the breakdown unknown', () => {
  const [timed] = timedSteps([step(4, 100), step(5, 121)]);
  const silent = { ...timed, shares: timed.shares?.map(({ computeMs, sendMs, ...rest }) => rest) ?? [] };
  expect(breakDown(silent)).toBeUndefined();
  expect(meanBreakdown([silent])).toBeUndefined();
  expect(meanBreakdown([silent, timed])).toEqual(breakDown(timed));
});
