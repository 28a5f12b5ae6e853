import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StepTiming } from '../../../../coordinator/reporting/step-timings.ts';
import { openTrace } from '../../../../coordinator/reporting/trace.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

interface Slice {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
}

const timing: StepTiming = {
  step: 7,
  epoch: 1,
  doneAt: 120,
  examples: 128,
  worldSize: 1,
  milliseconds: 20,
  updateMs: 2,
  fingerprint: '',
  chain: '',
  broadcastMs: 3,
  reduceMs: 1,
  reductions: [{ startMs: 17, ms: 1 }],
  coordinator: { cpuMs: 0, throttledMs: 0, sentBytes: 0, receivedBytes: 0 },
  shares: [
    {
      rank: 0,
      examples: 128,
      startMs: 3,
      roundTripMs: 14,
      clockOffsetMs: 5000,
      startedAt: 5104,
      receiveMs: 2,
      computeMs: 10,
      sendMs: 1,
      cpuMs: 0,
      throttledMs: 0,
    },
  ],
};

async function traceOf(...timings: StepTiming[]): Promise<Slice[]> {
  const file = join(temporaryFolder(), 'trace.json');
  const trace = await openTrace(file, (message) => expect.unreachable(message));
  for (const each of timings) trace.record(each);
  await trace.close();
  return JSON.parse(readFileSync(file, 'utf8'));
}

test('a trace shows a step as slices in µs of the coordinator’s clock', async () => {
  const slices = (await traceOf(timing)).filter(({ ph }) => ph === 'X');
  expect(slices.map(({ name, pid, ts, dur }) => [name, pid, ts, dur])).toEqual([
    ['step 7', 1, 100_000, 20_000],
    ['broadcast', 1, 100_000, 3000],
    ['wait for sums', 1, 103_000, 15_000],
    ['update', 1, 118_000, 2000],
    ['reduce', 1, 117_000, 1000],
    ['share', 1, 103_000, 14_000],
    ['receive', 2, 102_000, 2000],
    ['compute', 2, 104_000, 10_000],
    ['send', 2, 114_000, 1000],
  ]);
});

/** The pairs of slices on one track of which neither is inside the other nor beside it. */
function overlaps(slices: Slice[]): [Slice, Slice][] {
  const end = ({ ts, dur }: Slice) => ts + dur;
  return slices.flatMap((a, index) =>
    slices
      .slice(index + 1)
      .filter((b) => a.pid === b.pid && a.tid === b.tid && a.ts < end(b) && b.ts < end(a))
      .filter((b) => !(a.ts <= b.ts && end(b) <= end(a)) && !(b.ts <= a.ts && end(a) <= end(b)))
      .map((b): [Slice, Slice] => [a, b]),
  );
}

test('slices of a track do not overlap by a µs, whatever their times are', async () => {
  const [share] = timing.shares ?? [];
  const timings: StepTiming[] = [];
  for (let step = 0, doneAt = 1000.123; step < 200; step++) {
    const milliseconds = 3 + ((step * 0.377_713) % 1);
    doneAt += milliseconds;
    const startedAt = doneAt - milliseconds + 5000;
    const [receiveMs, computeMs, sendMs] = [0.333_3, 1 + ((step * 0.717) % 1), 0.444_45];
    // The offset between the clocks is measured better and better.
    const clockOffsetMs = 5000 - ((step * 0.13) % 0.4);
    const times = { startedAt: startedAt + 0.4, receiveMs, computeMs, sendMs, clockOffsetMs };
    const shares = [{ ...share, startMs: 0.1, roundTripMs: milliseconds - 0.2, ...times }];
    const updateMs = (step * 0.917) % 4;
    timings.push({ ...timing, step, doneAt, milliseconds, updateMs, shares, reductions: [] });
  }
  const slices = (await traceOf(...timings)).filter(({ ph }) => ph === 'X');
  expect(overlaps(slices)).toEqual([]);
});

test('a trace omits workers with an unknown clock and names each process once', async () => {
  const [share] = timing.shares ?? [];
  const events = await traceOf(timing, {
    ...timing,
    step: 8,
    shares: [{ ...share, clockOffsetMs: undefined }],
  });
  expect(events.filter(({ name }) => name === 'compute')).toHaveLength(1);
  expect(events.filter(({ name, ph }) => ph === 'M' && name === 'process_name')).toHaveLength(2);
});

test('a trace without steps is a JSON array too', async () => {
  expect((await traceOf()).every(({ ph }) => ph === 'M')).toBe(true);
});
