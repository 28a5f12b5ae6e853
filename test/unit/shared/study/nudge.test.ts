import { expect, test } from 'vitest';
import { createOptimizer } from '../../../../shared/engine/optimizers.ts';
import { nudge } from '../../../../shared/study/nudge.ts';
import { naiveEngine } from '../../../support/toy-run.ts';
import { openStudiedNet, STUDIED_NETS, type StudiedNet } from '../../../support/toy-study.ts';

const ALL = Object.keys(STUDIED_NETS) as StudiedNet[];

test.for(ALL)('steps on one example are those of SGD, and the lab is as before: %s', (name) => {
  const { lab, plan, parameters, pixels } = openStudiedNet(name);
  const before = lab.studyExample(pixels, 2);
  const { outputs, losses } = nudge(lab, parameters, [pixels, 2], { rate: 0.01, steps: 2 });
  expect(lab.studyExample(pixels, 2)).toEqual(before);
  expect(outputs).toHaveLength(3);
  expect(outputs[0]).toEqual(before.outputs);
  expect(losses[0]).toBe(before.loss);
  expect(losses[1]).toBeLessThan(losses[0]);

  const copy = parameters.slice();
  const sgd = createOptimizer(naiveEngine, { name: 'sgd' }, plan.trainedCount);
  const scales = { exampleCount: 1, rate: 0.01, gradientScale: 1, weightDecay: 0 };
  const trained = (values: Float32Array) => values.subarray(0, plan.trainedCount);
  for (const step of [0, 1]) {
    lab.load(copy);
    const gradientSum = trained(lab.studyExample(pixels, 2).gradient);
    sgd.update({ parameters: trained(copy), gradientSum, ...scales }, step);
  }
  lab.load(copy);
  const after = lab.studyExample(pixels, 2);
  for (const [i, output] of outputs[2].entries()) expect(output).toBeCloseTo(after.outputs[i], 5);
});
