import { describe, expect, test } from 'vitest';
import { createProgressMeter } from '../../../../coordinator/reporting/progress-meter.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

const record: StepRecord = {
  step: 0,
  epoch: 1,
  loss: 2,
  accuracy: 0.5,
  learningRate: 0.1,
  examples: 100,
  milliseconds: 50,
  worldSize: 3,
  work: [],
  fingerprint: '',
  chain: '',
};

/** A meter of a run, with steps that are recorded when they are said to be. */
function metered(stepCount = 100) {
  const clock = createSimulatedClock();
  const meter = createProgressMeter(clock, stepCount);
  async function recordAt(time: number, changes: Partial<StepRecord>) {
    clock.setTimer(time - clock.now(), () => {});
    await clock.run(() => false, time);
    return meter.record({ ...record, ...changes });
  }
  return { meter, recordAt };
}

describe('a progress meter', () => {
  test('knows nothing before the first step', () => {
    const { meter } = metered();
    expect(meter.latest).toBeUndefined();
    expect(meter.examplesPerSecond).toBe(0);
  });

  test('tells of the first step at once, and counts it as done', async () => {
    const { meter, recordAt } = metered();
    const event = await recordAt(50, { step: 0 });
    expect(event).toEqual({
      event: 'progress',
      step: 1,
      stepCount: 100,
      epoch: 1,
      trainLoss: 2,
      examplesPerSecond: 2000,
      secondsLeft: 99 * 0.05,
      worldSize: 3,
    });
    expect(meter.latest).toBe(event);
  });

  test('is silent until a second has passed since its last event', async () => {
    const { meter, recordAt } = metered();
    const first = await recordAt(100, { step: 0 });
    expect(await recordAt(1099, { step: 1 })).toBeUndefined();
    expect(meter.latest).toBe(first);
    expect(await recordAt(1100, { step: 2 })).toMatchObject({ step: 3 });
    expect(await recordAt(2099, { step: 3 })).toBeUndefined();
    expect(await recordAt(2100, { step: 4 })).toMatchObject({ step: 5 });
  });

  test('takes the mean over the examples since its last event', async () => {
    const { recordAt } = metered();
    await recordAt(0, { step: 0, loss: 1000 });
    await recordAt(10, { step: 1, loss: 1, examples: 300, milliseconds: 100 });
    const event = await recordAt(2000, { step: 2, loss: 3, examples: 100, milliseconds: 300 });
    expect(event).toMatchObject({ trainLoss: 1.5, examplesPerSecond: 1000 });
  });

  test('reckons with steps as long as the last ones for the time that is left', async () => {
    const { recordAt } = metered(10);
    await recordAt(0, { step: 0, milliseconds: 1_000_000 });
    await recordAt(10, { step: 5, milliseconds: 1000 });
    expect(await recordAt(2000, { step: 6, milliseconds: 3000 })).toMatchObject({
      secondsLeft: 6,
    });
  });

  test('has no time left after the last step', async () => {
    const { recordAt } = metered(7);
    expect(await recordAt(0, { step: 6 })).toMatchObject({ step: 7, secondsLeft: 0 });
  });

  test('tells epoch and world size as they were in the step', async () => {
    const { recordAt } = metered();
    await recordAt(0, { worldSize: 3, epoch: 1 });
    expect(await recordAt(1000, { worldSize: 0, epoch: 2 })).toMatchObject({
      worldSize: 0,
      epoch: 2,
    });
  });

  test('measures its speed over the time in steps alone, from the first one', async () => {
    const { meter, recordAt } = metered();
    await recordAt(0, { examples: 100, milliseconds: 100 });
    await recordAt(500_000, { examples: 300, milliseconds: 100 });
    expect(meter.examplesPerSecond).toBe(2000);
  });

  test('has no speed while steps have taken no time', async () => {
    const { meter, recordAt } = metered();
    expect(await recordAt(0, { milliseconds: 0 })).toMatchObject({ examplesPerSecond: 0 });
    expect(meter.examplesPerSecond).toBe(0);
  });
});
