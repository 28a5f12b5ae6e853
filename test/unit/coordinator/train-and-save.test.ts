import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../coordinator/reporting/events.ts';
import { createProgressMeter } from '../../../coordinator/reporting/progress-meter.ts';
import { createStepTimings } from '../../../coordinator/reporting/step-timings.ts';
import { writeError } from '../../../coordinator/run-folder/run-files.ts';
import type { RunFolder } from '../../../coordinator/run-folder/run-folder.ts';
import { trainAndSave } from '../../../coordinator/train-and-save.ts';
import type { GradientSource } from '../../../coordinator/training/gradient-source.ts';
import { LocalSource } from '../../../coordinator/training/local-source.ts';
import type { EpochResult } from '../../../coordinator/training/progress.ts';
import { shortPath } from '../../../shared/host/command-line.ts';
import type { Round } from '../../../shared/round/workload.ts';
import { systemClock } from '../../../shared/system-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { config } from '../../support/toy-checkpoint.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { createToyRun } from '../../support/toy-run.ts';
import { create } from '../../support/toy-run-folder.ts';

const EPOCHS = 3;
const noRoom = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

/** Trains in a folder. `change` replaces parts of it, and `spoil` changes sums. */
async function trainIn(
  change: (folder: RunFolder) => Partial<RunFolder>,
  spoil: (round: Round, root: Float32Array) => void = () => {},
  epochsBefore: readonly EpochResult[] = [],
) {
  const folder = await create(temporaryFolder());
  for (const epoch of epochsBefore) folder.appendEpoch({ ...epoch, seconds: 1 });
  const { workload, computer, run } = createToyRun(config, createToyDataset(), EPOCHS);
  const events: RunEvent[] = [];
  const local = new LocalSource(computer, workload, setImmediate);
  const source: GradientSource = {
    worldSize: 1,
    async sum(round, parameters, signal) {
      const sum = await local.sum(round, parameters, signal);
      spoil(round, sum.root);
      return sum;
    },
  };
  const done = trainAndSave(
    run(source),
    {
      folder: { ...folder, ...change(folder) },
      secondsBefore: 100,
      resumeCommand: 'lockstep train --resume r',
      meter: createProgressMeter(systemClock, EPOCHS * workload.stepsPerEpoch),
      timings: createStepTimings(),
      trace: undefined,
      dashboard: { record() {}, recordEvaluation() {} },
      prometheus: undefined,
      traffic: () => ({ sentBytes: 0, receivedBytes: 0 }),
      report: (event) => void events.push(event),
      checkpointSchedule: { everySteps: 500, everyMs: 1e6 },
    },
    async () => {},
    new AbortController().signal,
  );
  const notices = () => events.flatMap((event) => (event.event === 'notice' ? event.message : []));
  await done.catch(() => {});
  await folder.close();
  return { done, folder, notices };
}

describe('a run', () => {
  test('that ends on a full disk keeps the checkpoint before, and says how to go on', async () => {
    // An epoch has four steps.
    const { done, folder } = await trainIn(({ saveCheckpoint }) => ({
      saveCheckpoint: (checkpoint) =>
        checkpoint.step > 8
          ? Promise.reject(writeError('the checkpoint x', noRoom))
          : saveCheckpoint(checkpoint),
    }));
    await expect(done).rejects.toMatchObject({
      code: 'FILE',
      message:
        'cannot write the checkpoint x: ENOSPC: no space left on device: free some room on that ' +
        `disk. The checkpoint of step 8 is kept. ` +
        'Then continue with: lockstep train --resume r',
    });
    expect(existsSync(folder.checkpointPath(8))).toBe(true);
    expect(existsSync(join(folder.directory, 'done.json'))).toBe(false);
  });

  test('goes on while its records are not written, and says so once', async () => {
    const { done, notices } = await trainIn(() => ({
      appendMetrics() {
        throw noRoom;
      },
    }));
    await done;
    expect(notices()).toEqual([
      'the records of steps are not written, training continues and tries again: ENOSPC: no ' +
        'space left on device',
    ]);
  });

  test('knows the epochs before a resume, when it says since when it overfits', async () => {
    const losses = [0.01, 0.02, 0.03, 0.04];
    const before = losses.map((validationLoss, i) => ({
      ...{ epoch: i + 1, step: 4 * i + 4, trainLoss: 9 - i, trainAccuracy: 0.5, validationLoss },
      ...{ validationAccuracy: 0.5, testLoss: 1, testAccuracy: 0.5 },
    }));
    const { done, notices } = await trainIn(
      () => ({}),
      () => {},
      before,
    );
    await done;
    const overfits = notices().filter((message) => message.includes('overfits'));
    expect(overfits).toEqual([
      expect.stringMatching(/^the model overfits since epoch 1: .* from 0\.0100 to /),
    ]);
  });

  test('that diverges names the weights that a new run can begin with', async () => {
    let bestStep = 0;
    const { done, folder } = await trainIn(
      ({ appendEpoch }) => ({
        appendEpoch(epoch) {
          appendEpoch(epoch);
          bestStep = epoch.step;
        },
      }),
      (round, root) => {
        // The loss is the last value but one.
        if (round.kind === 'train' && round.step === 6) root[root.length - 2] = Number.NaN;
      },
    );
    const file = shortPath(folder.checkpointPath(bestStep));
    await expect(done).rejects.toMatchObject({
      code: 'DIVERGED',
      message:
        'training diverged: the loss of step 6 is NaN. Lower --lr (0.05). ' +
        `A new run can begin with the weights of step 4: --init-from ${file}`,
    });
  });

  test('records how it ended, with the time of all its parts', async () => {
    const { done, folder } = await trainIn(() => ({}));
    const { seconds, totalSeconds, parametersSha256, steps } = await done;
    // The 100 s before. A slow machine takes a while from one reading of the clock to the next.
    expect(totalSeconds - seconds).toBeLessThanOrEqual(100);
    expect(totalSeconds - seconds).toBeGreaterThan(70);
    const end = JSON.parse(readFileSync(join(folder.directory, 'done.json'), 'utf8'));
    expect(end).toMatchObject({ steps, modelStep: steps, parametersSha256, isStoppedEarly: false });
  });

  test('that cannot record how it ended has ended all the same', async () => {
    const { done, notices } = await trainIn(() => ({
      saveDone: () => Promise.reject(writeError('done.json', noRoom)),
    }));
    expect((await done).epochs).toBe(EPOCHS);
    expect(notices()).toEqual([expect.stringMatching(/^cannot write done\.json: ENOSPC/)]);
  });
});
