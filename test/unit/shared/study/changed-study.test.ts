import { expect, test } from 'vitest';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { openEngine } from '../../../../shared/host/load-engine.ts';
import { studyChanged } from '../../../../shared/study/changed-study.ts';
import { createNetLab } from '../../../../shared/study/net-lab.ts';
import { accuracyOf, lossOf } from '../../../../shared/study/set-study.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const lab = createNetLab(openEngine('strict'), planModel(config.model), config);
const parameters = initialParameters(lab.plan, 'glorot', 3);
lab.load(parameters);

test('a net without its last layer always says the first class, with the loss of guessing', () => {
  const { count, before, after } = studyChanged(lab, parameters, dataset.test, {
    kind: 'no-layer',
    layer: 'dense2',
  });
  expect(count).toBe(520);
  expect(after.only).toBe(0);
  expect(after.loss).toBeCloseTo(Math.log(3), 5);
  const firsts = dataset.test.labels.filter((label) => label === 0).length;
  expect(after.accuracy).toBe(firsts / count);
  const study = lab.studySet(dataset.test);
  expect(before).toEqual({ accuracy: accuracyOf(study), loss: lossOf(study), only: undefined });
});
