import { expect, test } from 'vitest';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { createWorkbench, warmUp } from '../../../worker/workbench.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../support/toy-run.ts';

const dataset = createToyDataset();
const never = new AbortController().signal;

/** A bench that notes what it computes, in two blocks. */
function startBench(overrides: Partial<RunConfig> = {}) {
  const computed: unknown[] = [];
  const bench = createWorkbench(toyConfig(dataset, overrides), dataset, naiveEngine, () => ({
    *compute(round, share, parameters) {
      computed.push({ round, share, parameters: [...new Set(parameters)] });
      yield undefined;
      computed.push('second block');
    },
  }));
  return { bench, computed };
}

test('a bench warms up with one micro-batch, and lets the event loop turn', async () => {
  const { bench, computed } = startBench();
  let pauseCount = 0;
  const pause = async () => void pauseCount++;
  await warmUp(bench, pause, never);
  const round = { kind: 'train', step: 0 };
  expect(computed).toEqual([{ round, share: { lo: 0, hi: 1 }, parameters: [0] }, 'second block']);
  expect(pauseCount).toBe(1);
  expect(bench.parameters.current).toBeUndefined();
});

test('a bench does not warm up with a micro-batch that takes longer than that saves', async () => {
  const { bench, computed } = startBench({ globalBatch: 257, microBatchCount: 1 });
  await warmUp(bench, async () => {}, never);
  expect(computed).toEqual([]);
});

test('a bench whose worker is gone stops warming up', async () => {
  const { bench, computed } = startBench();
  await warmUp(bench, async () => {}, AbortSignal.abort());
  expect(computed).toHaveLength(1);
});
