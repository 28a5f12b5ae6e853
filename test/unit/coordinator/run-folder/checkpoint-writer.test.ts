import { expect, test } from 'vitest';
import { createCheckpointWriter } from '../../../../coordinator/run-folder/checkpoint-writer.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

/** A writer whose disk finishes or fails when the test says so. */
function startWriter({ everySteps = 10, everyMs = 30_000 } = {}) {
  const clock = createSimulatedClock();
  const log: string[] = [];
  const disk: { finish(): void; fail(reason: string): void }[] = [];
  const writer = createCheckpointWriter({
    clock,
    everySteps,
    everyMs,
    save() {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      disk.push({ finish: () => resolve('file'), fail: (reason) => reject(new Error(reason)) });
      return promise;
    },
    onSaved: (step) => log.push(`saved ${step}`),
    onFailure: (step, error) => log.push(`failed ${step}: ${error}`),
  });
  /** Lets simulated time pass. */
  const pass = async (durationMs: number) => {
    clock.setTimer(durationMs, () => {});
    await clock.run(() => false, clock.now() + durationMs);
  };
  return { writer, disk, log, pass };
}

test('the writer saves every N steps, and training does not wait for it', async () => {
  const { writer, disk, log } = startWriter();
  for (let step = 1; step <= 19; step++) writer.stepDone(step);
  expect(disk).toHaveLength(1);
  expect(log).toEqual([]);
  disk[0].finish();
  await writer.idle();
  expect(log).toEqual(['saved 10']);
  expect(writer.savedStep).toBe(10);
});

test('the writer saves after 30 s, even after few steps', async () => {
  const { writer, disk, pass } = startWriter();
  writer.stepDone(1);
  await pass(30_000);
  writer.stepDone(2);
  expect(disk).toHaveLength(1);
});

test('the writer saves a later step if the disk is busy when a checkpoint is due', async () => {
  const { writer, disk, log } = startWriter();
  writer.stepDone(10);
  writer.stepDone(20);
  expect(disk).toHaveLength(1);
  disk[0].finish();
  await writer.idle();
  writer.stepDone(21);
  disk[1].finish();
  await writer.idle();
  expect(log).toEqual(['saved 10', 'saved 21']);
});

test('a checkpoint that must not be skipped waits for the disk', async () => {
  const { writer, disk, log } = startWriter();
  writer.stepDone(10);
  const begun = writer.begin(12);
  disk[0].finish();
  await begun;
  disk[1].finish();
  await writer.idle();
  expect(log).toEqual(['saved 10', 'saved 12']);
});

test('the writer reports a failure and tries again after five seconds', async () => {
  const { writer, disk, log, pass } = startWriter();
  writer.stepDone(10);
  disk[0].fail('no space left');
  await writer.idle();
  writer.stepDone(11);
  expect(disk).toHaveLength(1);
  await pass(5_000);
  writer.stepDone(12);
  disk[1].finish();
  await writer.idle();
  expect(log).toEqual(['failed 10: Error: no space left', 'saved 12']);
  expect(writer.savedStep).toBe(12);
});
