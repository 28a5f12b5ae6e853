import { expect, test } from 'vitest';
import { studyLive } from '../../../../coordinator/study/live-study.ts';
import type { ParameterServer } from '../../../../coordinator/training/parameter-server.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { config } from '../../../support/toy-checkpoint.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

const norms = { gradientNorms: [1], updateNorms: [2], parameterNorms: [3] };

function createStudy() {
  const clock = createSimulatedClock();
  const optimizer = { state: { velocity: Float32Array.of(3, 4) } };
  const server = { parameters: Float32Array.of(1, 2), optimizer, step: 5, isWhole: true };
  const study = studyLive(
    { config, server: server as unknown as ParameterServer, dataset: createToyDataset() },
    () => undefined,
    { samplesAfter: (step) => [{ step: step + 1, ...norms }] },
    clock,
  );
  /** Lets time pass, for a timer of somebody. */
  async function advance(ms: number): Promise<void> {
    const at = clock.now() + ms;
    clock.setTimer(ms, () => {});
    await clock.run(() => false, at);
  }
  return { advance, server, study };
}

test('the newest parameters are a copy, taken at most once per second', async () => {
  const { advance, server, study } = createStudy();
  const first = await study.newest();
  expect(first).toMatchObject({ step: 5, parameters: Float32Array.of(1, 2) });
  Object.assign(server, { step: 6 });
  server.parameters[0] = 9;
  expect(first.parameters[0]).toBe(1);
  expect(await study.newest()).toBe(first);
  await advance(1001);
  expect(await study.newest()).toMatchObject({ step: 6, parameters: Float32Array.of(9, 2) });
});

test('the state of the optimizer is copied only for those who need it', async () => {
  const { advance, server, study } = createStudy();
  expect((await study.newest()).optimizerState).toBeUndefined();
  const whole = await study.newest(true);
  server.optimizer.state.velocity[0] = 9;
  expect(whole.optimizerState).toEqual({ velocity: Float32Array.of(3, 4) });
  expect(await study.newest()).toBe(whole);
  Object.assign(server, { step: 6 });
  await advance(1001);
  expect((await study.newest()).optimizerState).toBeUndefined();
  expect(await study.newest(true)).toMatchObject({
    step: 6,
    optimizerState: { velocity: Float32Array.of(9, 4) },
  });
});

test('parameters in the middle of an update are waited for', async () => {
  const { advance, server, study } = createStudy();
  server.isWhole = false;
  const waiting = study.newest();
  await advance(100);
  Object.assign(server, { step: 6, isWhole: true });
  await advance(20);
  expect((await waiting).step).toBe(6);
});

test('but not for long', async () => {
  const { advance, server, study } = createStudy();
  server.isWhole = false;
  const refused = expect(study.newest()).rejects.toThrow('a step is under way for long');
  await advance(5100);
  await refused;
});

test('the layers of a run that trains are measured', () => {
  const { study } = createStudy();
  expect(study.layersAfter(4)).toEqual({ isMeasured: true, samples: [{ step: 5, ...norms }] });
});

test('a run without a folder keeps no steps', async () => {
  const { study } = createStudy();
  expect(await study.keptSteps()).toEqual([]);
  await expect(study.kept(3)).rejects.toThrow('the run has no folder yet');
});
