import { expect, test } from 'vitest';
import {
  KeptCheckpoints,
  type Known,
} from '../../../../../../coordinator/dashboard/page/study/kept-checkpoints.ts';
import type { Ui } from '../../../../../../coordinator/dashboard/page/ui.ts';
import { initialParameters } from '../../../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../../../../../shared/round/run-config.ts';
import { config } from '../../../../../support/toy-checkpoint.ts';

function begin(overrides: Partial<RunConfig> = {}, keptSteps = [4, 8]) {
  const asked: string[] = [];
  const plan = planModel(config.model);
  const counts = { test: 1, validation: 1, training: 1 };
  const kind = 'images' as const;
  const opened = { kind, plan, keptSteps, counts, config: { ...config, ...overrides } };
  const studies: Known = { opened };
  const ui = {
    choices: { studied: 0 },
    change() {},
    async ask(path: string) {
      asked.push(path);
      const step = Number(path.split('=')[1]);
      return step === 99
        ? Response.json({ error: 'gone' }, { status: 400 })
        : new Response(Float32Array.of(step).buffer);
    },
  };
  const kept = new KeptCheckpoints(studies, ui as unknown as Ui);
  return { asked, kept, plan };
}

test('the list is that of the study', () => {
  expect(begin().kept.steps).toEqual([4, 8]);
});

test('parameters are fetched once', async () => {
  const { asked, kept } = begin();
  expect(kept.parameters(4)).toBeUndefined();
  expect(kept.parameters(4)).toBeUndefined();
  expect(await kept.load(4)).toEqual(Float32Array.of(4));
  expect(kept.parameters(4)).toEqual(Float32Array.of(4));
  expect(asked).toEqual(['api/parameters?step=4']);
});

test('a checkpoint that is gone says so', async () => {
  await expect(begin().kept.load(99)).rejects.toThrow('the checkpoint of step 99 is gone');
});

test('the initial parameters are drawn again', () => {
  const { kept, plan } = begin();
  expect(kept.initial).toEqual(initialParameters(plan, config.initialisation, config.seed));
});

test('those of another run are in the checkpoint of step 0, or nowhere', async () => {
  const overrides = { initialParametersSha256: '0'.repeat(64) };
  expect(begin(overrides).kept.initial).toBeUndefined();
  const { kept } = begin(overrides, [0, 4]);
  expect(kept.initial).toBeUndefined();
  await expect.poll(() => kept.initial).toEqual(Float32Array.of(0));
});
