import { describe, expect, test } from 'vitest';
import { recompute } from '../../../../coordinator/inspection/recompute.ts';
import type { RecordedRun } from '../../../../coordinator/inspection/recorded-run.ts';
import { parametersSha256 } from '../../../../coordinator/run-folder/checkpoint.ts';
import {
  at,
  checkpoint,
  checkpoints,
  done,
  epoch,
  filled,
  formattedFingerprint,
  lastStep,
  options,
  rechained,
  record,
  recorded,
  records,
  verifyFiles,
  verifyFully,
} from '../../../support/forged-runs.ts';

describe('a run whose files agree fails when it is computed again if', () => {
  test.for<[what: string, run: RecordedRun, message: RegExp]>([
    [
      'a step led to other parameters',
      rechained(record(6, { fingerprint: records[5].fingerprint })),
      /^step 6: computed again, this step leads to other parameters/,
    ],
    [
      'the parameters of the end, its fingerprint and hash are other ones',
      rechained({
        ...record(lastStep - 1, { fingerprint: formattedFingerprint(filled(0.5)) }),
        checkpoints: checkpoint(lastStep, { parameters: filled(0.5) }).checkpoints,
        done: done({ parametersSha256: parametersSha256(filled(0.5)) }).done,
      }),
      /^(done\.json has the testAccuracy|step \d+: computed again)/,
    ],
    [
      'a loss is another',
      record(7, { loss: records[7].loss + 1e-12 }),
      /^step 7: computed .* loss/,
    ],
    [
      'an optimizer’s state is another',
      checkpoint(5, { optimizerState: { velocity: filled(0) } }),
      /^step 5: computed again, the checkpoint has other values of velocity/,
    ],
    [
      'the sums of an epoch so far are other ones',
      checkpoint(5, { progress: { ...at(5).progress, correctCount: 0 } }),
      /^step 5: computed again, the checkpoint has other sums/,
    ],
    [
      'the test loss of an epoch without a checkpoint is another',
      {
        ...epoch(1, { testLoss: 0.01 }),
        checkpoints: checkpoints.filter(({ step }) => step > 5),
      },
      /epoch 1 has other results/,
    ],
  ])('%s', async ([, run, message]) => {
    verifyFiles(run);
    await expect(verifyFully(run)).rejects.toThrow(message);
  });

  test('only from a checkpoint on', async () => {
    const forged = rechained(record(6, { fingerprint: records[5].fingerprint }));
    await expect(recompute(forged, at(5), 1000, options, () => {})).rejects.toThrow(/^step 6/);
    expect(await recompute(recorded, at(5), 2, options, () => {})).toBe(2);
    expect(await recompute(recorded, at(5), 1000, options, () => {})).toBe(lastStep - 5);
  });
});
