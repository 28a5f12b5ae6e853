import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  createLayerRecorder,
  type LayerRecorder,
} from '../../../../coordinator/study/layer-recorder.ts';
import { LocalSource } from '../../../../coordinator/training/local-source.ts';
import { train } from '../../../../coordinator/training/train.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, hashOf, toyConfig, trainLocally } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const never = new AbortController().signal;

/** Lets time pass. */
function createTime() {
  let now = 0;
  const clock = { ...createSimulatedClock(), now: () => now };
  return {
    clock,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const norm = (values: readonly number[]): number => Math.hypot(...values);

/** Trains while somebody asks all the time. Measures each step by itself, too. */
async function record(settings: Partial<RunConfig>) {
  const config = toyConfig(dataset, settings);
  const { workload, computer, server, run } = createToyRun(config, dataset, 3);
  const { clock, pass } = createTime();
  const recorder = createLayerRecorder(server, workload.model, clock);
  const expected: { gradient: number[]; before: number[]; after: number[] }[] = [];
  const source = new LocalSource(computer, workload, setImmediate);
  recorder.samplesAfter(-1);
  await train(
    {
      ...run(source),
      measureStep() {
        pass(1001);
        const measured = recorder.measureStep();
        const before = [...server.parameters];
        return (root, examples) => {
          measured?.(root, examples);
          const gradient = [...root].map((sum) => sum / examples);
          expected.push({ gradient, before, after: [...server.parameters] });
        };
      },
      onStep: async () => {
        recorder.samplesAfter(-1);
      },
    },
    never,
  );
  return { samples: recorder.samplesAfter(-1), expected, server, config, model: workload.model };
}

describe.for([
  ['plain', {}],
  ['clipped, with weight decay', { clipNorm: 0.05, weightDecay: 0.01 }],
] as [string, Partial<RunConfig>][])('a %s run', ([, settings]) => {
  test('is measured as a plain loop does it', async () => {
    const { samples, expected, model } = await record(settings);
    expect(samples).toHaveLength(12);
    const tensors = model.tensors.filter(({ isAverage }) => !isAverage);
    for (const [i, { gradient, before, after }] of expected.entries()) {
      const { step, gradientNorms, updateNorms, parameterNorms } = samples[i];
      expect(step).toBe(i);
      for (const [t, { offset, shape }] of tensors.entries()) {
        const part = (values: number[]) =>
          values.slice(offset, offset + shape.reduce((a, b) => a * b));
        const [old, now] = [part(before), part(after)];
        expect(gradientNorms[t]).toBeCloseTo(norm(part(gradient)), 10);
        expect(parameterNorms[t]).toBeCloseTo(norm(old), 10);
        expect(updateNorms[t]).toBeCloseTo(norm(now.map((value, k) => value - old[k])), 10);
        expect(updateNorms[t]).toBeGreaterThan(0);
      }
    }
  });

  test('ends with the same bits as a run that nobody measures', async () => {
    const { server, config } = await record(settings);
    expect(hashOf(server)).toBe(hashOf((await trainLocally(config, dataset, 3)).server));
  });
});

describe('steps are measured', () => {
  const model = { tensors: [{ name: 'a', shape: [2], offset: 0, initial: 0, isAverage: false }] };
  function begin() {
    const time = createTime();
    const server = { parameters: Float32Array.of(3, 4), step: 0 };
    const recorder = createLayerRecorder(server, model, time.clock);
    return { ...time, server, recorder };
  }
  const isMeasured = (recorder: LayerRecorder) => recorder.measureStep() !== undefined;

  test('only within 10 s after a request, and once a second', () => {
    const { recorder, pass } = begin();
    expect(isMeasured(recorder)).toBe(false);
    recorder.samplesAfter(-1);
    expect(isMeasured(recorder)).toBe(true);
    pass(999);
    expect(isMeasured(recorder)).toBe(false);
    pass(1);
    expect(isMeasured(recorder)).toBe(true);
    pass(9001);
    expect(isMeasured(recorder)).toBe(false);
  });

  test('but a step that fails leaves no sample', () => {
    const { recorder, pass, server } = begin();
    recorder.samplesAfter(-1);
    recorder.measureStep();
    pass(1000);
    const measured = recorder.measureStep();
    server.parameters.set([3, 5]);
    measured?.(Float32Array.of(6, 8), 2);
    expect(recorder.samplesAfter(-1)).toEqual([
      { step: 0, gradientNorms: [5], updateNorms: [1], parameterNorms: [5] },
    ]);
  });

  test('and who asks after a pause gets no old samples', () => {
    const { recorder, pass } = begin();
    recorder.samplesAfter(-1);
    recorder.measureStep()?.(Float32Array.of(1, 1), 1);
    pass(10_000);
    expect(recorder.samplesAfter(-1)).toHaveLength(1);
    pass(10_001);
    expect(recorder.samplesAfter(-1)).toEqual([]);
  });

  test('and the newest 60 samples are kept', () => {
    const { recorder, pass, server } = begin();
    for (let step = 0; step < 70; step++) {
      server.step = step;
      recorder.samplesAfter(-1);
      recorder.measureStep()?.(Float32Array.of(1, 1), 1);
      pass(1000);
    }
    const steps = recorder.samplesAfter(-1).map(({ step }) => step);
    expect([steps[0], steps.length]).toEqual([10, 60]);
    expect(recorder.samplesAfter(67).map(({ step }) => step)).toEqual([68, 69]);
  });
});
