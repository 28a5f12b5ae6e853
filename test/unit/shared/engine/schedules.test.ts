import { expect, test } from 'vitest';
import { learningRateAt } from '../../../../shared/engine/schedules.ts';

const rates = (schedule: Parameters<typeof learningRateAt>[0], steps: number[]) =>
  steps.map((step) => Number(learningRateAt(schedule, step, 10).toFixed(6)));

test('a constant schedule keeps the rate', () => {
  expect(rates({ name: 'constant', peak: 0.1, warmupSteps: 0 }, [0, 5, 1000])).toEqual([
    0.1, 0.1, 0.1,
  ]);
});

test('a warm-up rises linearly and reaches the peak at its last step', () => {
  expect(rates({ name: 'constant', peak: 0.4, warmupSteps: 4 }, [0, 1, 2, 3, 4, 5])).toEqual([
    0.1, 0.2, 0.3, 0.4, 0.4, 0.4,
  ]);
});

test('a step schedule decays the rate every N epochs', () => {
  const schedule = { name: 'step', peak: 1, warmupSteps: 0, decay: 0.1, everyEpochs: 2 } as const;
  expect(rates(schedule, [0, 19, 20, 39, 40, 60])).toEqual([1, 1, 0.1, 0.1, 0.01, 0.001]);
});

test('a cosine schedule falls from the peak to zero, with half in the middle', () => {
  const schedule = { name: 'cosine', peak: 1, warmupSteps: 20, epochs: 12 } as const;
  expect(rates(schedule, [19, 20, 45, 70, 95, 120, 500])).toEqual([
    1, 1, 0.853553, 0.5, 0.146447, 0, 0,
  ]);
});
