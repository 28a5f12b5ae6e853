import { describe, expect, test } from 'vitest';
import {
  createStepTimings,
  type StepPage,
  type StepTiming,
  type StepTimings,
} from '../../../../coordinator/reporting/step-timings.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';

const recordOf = (step: number): StepRecord => ({
  step,
  epoch: 2,
  loss: 1,
  accuracy: 0.5,
  learningRate: 0.1,
  examples: 128,
  milliseconds: 20,
  worldSize: 3,
  work: [[0, 16, 'local-0/31']],
  fingerprint: `fingerprint ${step}`,
  chain: `chain ${step}`,
});
const times = { updateMs: 2, doneAt: 120, broadcastMs: 3, reduceMs: 1, shares: [] };
const nothing = { sentBytes: 0, receivedBytes: 0 };

/** Timings of the steps [from, to). */
function timingsOf(from: number, to: number) {
  const timings = createStepTimings();
  for (let step = from; step < to; step++) timings.record(recordOf(step), times, nothing);
  return timings;
}

/** All steps after `step`, as a client gets them: page by page. */
function fetchAfter(timings: StepTimings, step: number): StepTiming[] {
  const { steps, isMore } = JSON.parse(timings.pageAfter(step)) as StepPage;
  return isMore ? [...steps, ...fetchAfter(timings, steps[steps.length - 1].step)] : [...steps];
}

const stepsOf = (timings: readonly { step: number }[]) => timings.map(({ step }) => step);

describe('step timings', () => {
  test('join the record, the times and the bytes of a step, but not who did what', () => {
    const timings = createStepTimings();
    const timing = timings.record(recordOf(7), times, { sentBytes: 5, receivedBytes: 6 });
    expect(timing).toEqual({
      step: 7,
      epoch: 2,
      examples: 128,
      worldSize: 3,
      milliseconds: 20,
      fingerprint: 'fingerprint 7',
      chain: 'chain 7',
      ...times,
      coordinator: {
        cpuMs: expect.any(Number),
        throttledMs: expect.any(Number),
        sentBytes: 5,
        receivedBytes: 6,
      },
    });
    expect(fetchAfter(timings, 6)).toEqual([timing]);
  });

  test('keep what had been used and sent by then, though the counters go on', () => {
    const timings = createStepTimings();
    const counters = { sentBytes: 1, receivedBytes: 2 };
    for (const step of [0, 1]) {
      timings.record(recordOf(step), times, counters);
      counters.sentBytes += 10;
      counters.receivedBytes += 20;
    }
    const [first, second] = fetchAfter(timings, -1).map(({ coordinator }) => coordinator);
    expect([first.sentBytes, first.receivedBytes]).toEqual([1, 2]);
    expect([second.sentBytes, second.receivedBytes]).toEqual([11, 22]);
    expect(first.cpuMs).toBeGreaterThan(0);
    expect(second.cpuMs).toBeGreaterThanOrEqual(first.cpuMs);
  });

  test('are there after a step, in order, without that step', () => {
    const timings = timingsOf(3, 8);
    expect(stepsOf(fetchAfter(timings, -1))).toEqual([3, 4, 5, 6, 7]);
    expect(stepsOf(fetchAfter(timings, 5))).toEqual([6, 7]);
    expect(stepsOf(fetchAfter(timings, 7))).toEqual([]);
    expect(stepsOf(fetchAfter(timings, 1000))).toEqual([]);
  });

  test('are none before the first step', () => {
    expect(fetchAfter(createStepTimings(), -1)).toEqual([]);
  });

  test('of the newest 4096 steps are kept', () => {
    expect(stepsOf(fetchAfter(timingsOf(0, 4096), -1))).toHaveLength(4096);
    const steps = stepsOf(fetchAfter(timingsOf(0, 4099), -1));
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([4096, 3, 4098]);
  });

  test('that were handed out stay as they are when more come', () => {
    const timings = timingsOf(0, 2);
    const before = fetchAfter(timings, -1);
    timings.record(recordOf(2), times, nothing);
    expect(stepsOf(before)).toEqual([0, 1]);
  });

  test('come in pages of at most 256 KiB, and of at least one step', () => {
    const timings = createStepTimings();
    const share = { rank: 0, examples: 8, roundTripMs: 1, clockOffsetMs: 0 };
    const wide = (shareCount: number) => ({ ...times, shares: Array(shareCount).fill(share) });
    for (let step = 0; step < 500; step++) timings.record(recordOf(step), wide(64), nothing);
    timings.record(recordOf(500), wide(8_000), nothing);
    const page = timings.pageAfter(-1);
    expect(page.length).toBeGreaterThan(250 * 1024);
    expect(page.length).toBeLessThan(257 * 1024);
    expect(JSON.parse(page)).toMatchObject({ isMore: true });
    const last = timings.pageAfter(499);
    expect(last.length).toBeGreaterThan(257 * 1024);
    expect(JSON.parse(last)).toMatchObject({ steps: [{ step: 500 }], isMore: false });
    expect(stepsOf(fetchAfter(timings, -1))).toEqual(Array.from({ length: 501 }, (_, i) => i));
  });
});
