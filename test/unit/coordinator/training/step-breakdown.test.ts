import { expect, test } from 'vitest';
import type { StepTiming } from '../../../../coordinator/reporting/step-timings.ts';
import {
  breakDown,
  meanBreakdown,
  STEP_PARTS,
  timedSteps,
} from '../../../../coordinator/training/step-breakdown.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

const share = (rank: number, startMs: number, roundTripMs: number, computeMs: number) => ({
  rank,
  examples: 64,
  startMs,
  roundTripMs,
  computeMs,
  sendMs: 1,
  cpuMs: 0,
  throttledMs: 0,
  clockOffsetMs: undefined,
});

function step(
  number: number,
  doneAt: number,
  epoch = 1,
  overrides: Partial<StepTiming> = {},
): StepTiming {
  return {
    step: number,
    epoch,
    doneAt,
    examples: 128,
    worldSize: 2,
    milliseconds: 20,
    updateMs: 2,
    fingerprint: '',
    chain: '',
    broadcastMs: 2,
    reduceMs: 1,
    coordinator: { cpuMs: 0, throttledMs: 0, sentBytes: 0, receivedBytes: 0 },
    shares: [share(0, 1, 12, 8), share(1, 2, 15, 10)],
    ...overrides,
  };
}

test('the parts of a step follow the last worker and add up to the whole step', () => {
  const [timed] = timedSteps([step(4, 100), step(5, 121)]);
  const breakdown = breakDown(timed);
  expect(breakdown).toEqual({
    compute: 9,
    slowest: 1,
    broadcast: 2,
    serialise: 1,
    wire: 4,
    reduce: 1,
    update: 2,
    between: 1,
  });
  expect(STEP_PARTS.reduce((sum, part) => sum + (breakdown?.[part] ?? 0), 0)).toBe(timed.wholeMs);
});

/** The breakdown of a step of 20 ms that follows another one by 21 ms. */
const breakdownOf = (overrides: Partial<StepTiming>) =>
  breakDown(timedSteps([step(4, 100), step(5, 121, 1, overrides)])[0]);

test('a last worker that computed less than the mean waited for nobody', () => {
  // It only began late: the others computed 10 ms.
  const shares = [share(0, 0, 11, 10), share(1, 0, 11, 10), share(2, 4, 9, 7)];
  expect(breakdownOf({ shares })).toMatchObject({ compute: 7, slowest: 0, broadcast: 4, wire: 1 });
});

test('a worker that computes a late share after its own has waited for the late worker', () => {
  const shares = [share(0, 1, 4, 3), share(0, 10, 6, 3)];
  expect(breakdownOf({ shares, handedOutMs: 2 })).toEqual({
    ...{ compute: 6, slowest: 5, broadcast: 1, serialise: 2, wire: 2 },
    ...{ reduce: 2, update: 2, between: 1 },
  });
});

test('a worker that gets its first share late has waited, and nothing was handed out', () => {
  const shares = [share(0, 1, 4, 3), share(1, 10, 6, 3)];
  const breakdown = breakdownOf({ shares, handedOutMs: 2 });
  expect(breakdown).toMatchObject({ compute: 3, broadcast: 2, slowest: 8 });
  // Old records do not say when all was handed out.
  expect(breakdownOf({ shares })).toMatchObject({ compute: 3, broadcast: 10, slowest: 0 });
});

test('an update by parts, while the last sum arrives, is not counted twice', () => {
  const shares = [share(0, 1, 18, 10)];
  expect(breakdownOf({ shares, updateMs: 5 })).toMatchObject({ wire: 7, reduce: 0, update: 1 });
});

test('the mean is over workers, not over shares', () => {
  const shares = [share(0, 0, 5, 4), share(0, 5, 5, 4), share(1, 0, 17, 12)];
  expect(breakdownOf({ shares })).toMatchObject({ compute: 10, slowest: 2 });
});

test('no part is negative, whatever workers say, and the sum is the whole step', () => {
  const draws = createDraws(5);
  for (let trial = 0; trial < 500; trial++) {
    const shares = Array.from({ length: draws.integer(1, 4) }, (_, rank) => {
      const startMs = 5 * draws.fraction();
      const said = () => (draws.chance(1 / 4) ? 1e9 : 12 * draws.fraction());
      const second = share(rank, startMs + 8, 6 * draws.fraction(), said());
      const first = { ...share(rank, startMs, 8 * draws.fraction(), said()), sendMs: said() };
      return draws.chance(1 / 2) ? [first] : [first, second];
    }).flat();
    const handedOut = draws.chance(1 / 2) ? {} : { handedOutMs: 5 * draws.fraction() };
    const updateMs = 9 * draws.fraction();
    const [timed] = timedSteps([step(4, 100), step(5, 121, 1, { shares, updateMs, ...handedOut })]);
    const breakdown = breakDown(timed);
    const parts = STEP_PARTS.map((part) => breakdown?.[part] ?? Number.NaN);
    expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
    expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(timed.wholeMs, 9);
  }
});

test('a step after a gap or an evaluation is not timed', () => {
  const steps = [step(1, 10), step(2, 31), step(4, 90), step(5, 111, 2), step(6, 132, 2)];
  expect(timedSteps(steps).map((timed) => [timed.step, timed.wholeMs])).toEqual([
    [2, 21],
    [6, 21],
  ]);
});

test('the breakdown is unknown if the workers report no times', () => {
  const [timed] = timedSteps([step(4, 100), step(5, 121)]);
  const silent = {
    ...timed,
    shares: timed.shares?.map(({ computeMs, sendMs, ...rest }) => rest) ?? [],
  };
  expect(breakDown(silent)).toBeUndefined();
  expect(meanBreakdown([silent])).toBeUndefined();
  expect(meanBreakdown([silent, timed])).toEqual(breakDown(timed));
});
