import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  LayerSamples,
  PAUSE_MS,
} from '../../../../../../../coordinator/dashboard/page/study/flow/layer-samples.ts';
import type { Ui } from '../../../../../../../coordinator/dashboard/page/ui.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const norms = { gradientNorms: [1], updateNorms: [2], parameterNorms: [3] };

/** A coordinator that has measured a step at each question. */
function begin({ isMeasured = true, fails = false } = {}) {
  const asked: string[] = [];
  const studies = { isOver: false };
  const ui = {
    choices: { studied: 0 },
    change() {},
    async ask(path: string) {
      asked.push(path);
      if (fails) throw new Error('nobody is there');
      const samples = isMeasured ? [{ step: asked.length, ...norms }] : [];
      return new Response(JSON.stringify({ isMeasured, samples }));
    },
  };
  const samples = new LayerSamples(studies, ui as unknown as Ui);
  return { asked, studies, samples };
}

test('samples are asked for once a second, after the last one', async () => {
  const { asked, samples } = begin();
  for (let i = 0; i < 25; i++) {
    samples.want();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(asked).toEqual(['api/layers', 'api/layers?after=1', 'api/layers?after=2']);
  expect(samples.all.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(samples.isMeasured).toBe(true);
});

test('after a pause, old samples go', async () => {
  const { asked, samples } = begin();
  samples.want();
  await vi.advanceTimersByTimeAsync(PAUSE_MS + 1000);
  samples.want();
  await vi.advanceTimersByTimeAsync(100);
  expect(asked.at(-1)).toBe('api/layers');
  expect(samples.all.map(({ step }) => step)).toEqual([2]);
});

test('a folder is asked once', async () => {
  const { asked, samples } = begin({ isMeasured: false });
  for (let i = 0; i < 3; i++) {
    samples.want();
    await vi.advanceTimersByTimeAsync(2000);
  }
  expect(asked).toHaveLength(1);
  expect(samples.isMeasured).toBe(false);
});

test('a run that is over is not asked anymore', async () => {
  const { asked, samples, studies } = begin();
  samples.want();
  await vi.advanceTimersByTimeAsync(100);
  studies.isOver = true;
  samples.want();
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(1);
});

test('a coordinator that does not answer is asked again', async () => {
  const { asked, samples } = begin({ fails: true });
  for (let i = 0; i < 3; i++) {
    samples.want();
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(asked.length).toBeGreaterThan(1);
  expect(samples.isMeasured).toBeUndefined();
});
