import { describe, expect, test } from 'vitest';
import {
  createAveragedParameters,
  keepAt,
} from '../../../../coordinator/training/averaged-parameters.ts';
import {
  createParameterServer,
  type SavedState,
} from '../../../../coordinator/training/parameter-server.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();

describe('averages of parameters', () => {
  test('forget the initial parameters fast, and take long averages later', () => {
    const kept = [0, 1, 8, 90, 8990, 8991, 100_000].map((step) => keepAt(0.999, step));
    expect(kept).toEqual([0.1, 2 / 11, 0.5, 0.91, 0.999, 0.999, 0.999]);
    let weight = 1;
    for (let step = 0; step < 100; step++) weight *= keepAt(0.999, step);
    expect(weight).toBeLessThan(1e-12);
  });

  test('are keep · average + (1 - keep) · parameters, rounded as f32', () => {
    const averaged = createAveragedParameters(naiveEngine, 0.9, Float32Array.of(1, -3), false);
    expect([...averaged.values]).toEqual([1, -3]);
    averaged.update(Float32Array.of(11, 7), 0);
    const f32 = Math.fround;
    const one = (old: number, now: number) => f32(f32(f32(0.1) * old) + f32(f32(0.9) * now));
    expect([...averaged.values]).toEqual([one(1, 11), one(-3, 7)]);
    expect(averaged.rounded()).toBe(averaged.values);
  });

  test('are rounded to bfloat16 for an evaluation, but not themselves', () => {
    const averaged = createAveragedParameters(naiveEngine, 0.9, Float32Array.of(1 / 3), true);
    expect([...averaged.rounded()]).toEqual([0.333984375]);
    expect([...averaged.values]).toEqual([Math.fround(1 / 3)]);
  });
});

describe('a server with averages', () => {
  const config = toyConfig(dataset, { averageDecay: 0.8 });
  const workload = createWorkload(config, dataset);
  const serverOf = (settings = config, saved?: SavedState) =>
    createParameterServer(naiveEngine, settings, workload, saved);
  const rootOf = (step: number) => createDraws(step).floats(workload.vectorLength('train'));

  test('trains as one without, and evaluates the averages', () => {
    const [averaged, plain] = [serverOf(), serverOf(toyConfig(dataset))];
    const expected = createAveragedParameters(naiveEngine, 0.8, plain.parameters, false);
    for (let step = 0; step < 5; step++) {
      averaged.update(rootOf(step), 96);
      plain.update(rootOf(step), 96);
      expected.update(plain.parameters, step);
    }
    expect(averaged.parameters).toEqual(plain.parameters);
    expect(averaged.averages).toEqual(expected.values);
    expect(averaged.roundedModel()).toBe(averaged.averages);
    expect(averaged.roundedParameters).toBe(averaged.parameters);
    expect(averaged.copyModel()).toEqual(expected.values);
    expect(plain.averages).toBeUndefined();
    expect(plain.roundedModel()).toBe(plain.roundedParameters);
  });

  test('keeps the averages of whole steps while a part of an update is made', () => {
    const server = serverOf();
    server.update(rootOf(0), 96);
    const before = server.averages?.slice();
    server.updatePart?.(rootOf(1), 96, 0, 10);
    expect(server.copyModel()).toEqual(before);
    server.rollBack();
    expect(server.averages).toEqual(before);
  });

  test('goes on from a saved state to the same bits', () => {
    const whole = serverOf();
    whole.update(rootOf(0), 96);
    const { step, parameters, averages, optimizer } = whole;
    const copied = Object.entries(optimizer.state).map(([name, values]) => [name, values.slice()]);
    const saved = {
      step,
      parameters: parameters.slice(),
      averages: averages?.slice(),
      optimizerState: Object.fromEntries(copied),
    };
    const resumed = serverOf(config, saved);
    for (const server of [whole, resumed]) server.update(rootOf(1), 96);
    expect(resumed.averages).toEqual(whole.averages);
    expect(resumed.averages).not.toEqual(resumed.parameters);
  });
});
