import { expect, test } from 'vitest';
import type { StudyAccess } from '../../../../../../../coordinator/dashboard/page/study/access.ts';
import { Branches } from '../../../../../../../coordinator/dashboard/page/study/what-if/branch.ts';
import { placesOfSteps } from '../../../../../../../coordinator/training/branch.ts';
import { planModel } from '../../../../../../../shared/engine/model/model-plan.ts';
import { checkpointAt, config } from '../../../../../../support/toy-checkpoint.ts';

const plan = planModel(config.model);
const counts = { test: 520, validation: 280, training: 320 };
const saved = checkpointAt(4);

type Asked = { name: string; argument: Record<string, unknown> };

/** Studies whose branches have the loss 1; that of the second one is NaN from `nanFrom` on. */
function createStudies(nanFrom = Number.POSITIVE_INFINITY) {
  const asked: Asked[] = [];
  const indices: number[] = [];
  let trained = 0;
  const studies = {
    opened: { kind: 'images', config, counts, plan, keptSteps: [4] },
    fetchState: async (step: number | undefined) => ({
      step: step ?? 9,
      values: Float32Array.from([...saved.parameters, ...saved.optimizerState.velocity]),
    }),
    async fetchExamples(_set: string, chosen: string) {
      const found = chosen.replace('indices=', '').split(',').map(Number);
      indices.push(...found);
      const { length } = found;
      const inputs = new Uint8Array(length * plan.inputCount);
      return { count: length, labels: new Uint8Array(length), inputs };
    },
    async perform(name: string, argument: Record<string, unknown>) {
      asked.push({ name, argument });
      if (name === 'branch') return null;
      const { ids, steps } = argument as { ids: number[]; steps: number };
      trained += steps;
      return ids.map((id) =>
        Array.from({ length: steps }, () => (id % 2 === 0 && trained >= nanFrom ? Number.NaN : 1)),
      );
    },
  };
  return { studies: studies as unknown as StudyAccess, asked, indices };
}

test('two branches begin at the same state, with the examples that their steps need', async () => {
  const { studies, asked, indices } = createStudies();
  const branches = new Branches(studies, () => {});
  const training = branches.train(3, 4);
  expect(branches.isRunning).toBe(true);
  await training;
  expect(branches.isRunning).toBe(false);
  const begun = asked.filter(({ name }) => name === 'branch').map(({ argument }) => argument);
  expect(begun.map(({ factor }) => factor)).toEqual([1, 3]);
  for (const each of begun) {
    expect(each).toMatchObject({ step: 4, ids: [1, 2], counts });
    expect(each.parameters).toEqual(saved.parameters);
    expect(each.optimizerState).toEqual(saved.optimizerState);
  }
  expect(indices).toEqual([...placesOfSteps(config, counts, 4, 50)]);
  expect(branches.futures).toMatchObject({ step: 4, stepCount: 50, factor: 3 });
  expect(branches.futures?.own).toHaveLength(50);
  expect(branches.futures?.other).toHaveLength(50);
});

test('a branch that diverges ends, and the other one goes on', async () => {
  const { studies, asked } = createStudies(11);
  const branches = new Branches(studies, () => {});
  await branches.train(100, undefined);
  expect(branches.futures?.step).toBe(9);
  expect(branches.futures?.own).toHaveLength(50);
  expect(branches.futures?.other.filter(Number.isFinite)).toHaveLength(10);
  expect(asked.at(-1)?.argument.ids).toEqual([1]);
});

test('a failure is told', async () => {
  const { studies } = createStudies();
  studies.fetchState = () => Promise.reject(new Error('step 5 has no checkpoint'));
  const branches = new Branches(studies, () => {});
  await branches.train(10, 5);
  expect(branches.problem).toBe('step 5 has no checkpoint');
  expect(branches.isRunning).toBe(false);
});
