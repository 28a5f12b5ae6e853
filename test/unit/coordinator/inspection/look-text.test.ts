import { expect, test } from 'vitest';
import { lookLines } from '../../../../coordinator/inspection/look-text.ts';
import { FASHION_MNIST } from '../../../../shared/data/manifest.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import type { ExampleStudy } from '../../../../shared/study/example-study.ts';

const plan = planModel({
  input: { height: 2, width: 2, channels: 1 },
  layers: multilayerPerceptron([4], 'relu', 3),
});
const [hidden, relu, last] = plan.layers;
const gradient = new Float32Array(plan.parameterCount);
// The weight of the last layer begins after the first layer's weight and bias.
gradient.set([3, 4], last.tensors[0].offset);

const study: ExampleStudy = {
  pixels: Float32Array.of(0, 1, 0, 1),
  label: 1,
  prediction: 0,
  loss: 1.5606,
  logits: Float32Array.of(2, 0, 1),
  outputs: Float32Array.of(0.5, 0.25, 0.25),
  targets: Float32Array.of(0, 1, 0),
  layers: [
    { planned: hidden, values: Float32Array.of(1, -1, 2, -2), deltas: new Float32Array(4) },
    { planned: relu, values: Float32Array.of(1, 0, 2, 0), deltas: Float32Array.of(0, 0, 5, 12) },
    { planned: last, values: Float32Array.of(2, 0, 1), deltas: Float32Array.of(0.5, -0.75, 0.25) },
  ],
  gradient,
};

const NAMES = { ...FASHION_MNIST, classNames: ['shoe', 'bag', 'coat'] };

test('a look has the picture, the nudges by size, and the way back', () => {
  expect(lookLines(study, plan, NAMES, 'look --hardest')).toEqual([
    '   █',
    '',
    'The net says shoe, and is wrong. Its loss for this example is 1.5606.',
    '',
    '  class   output  desired  difference',
    `  bag     0.2500        1     -0.7500  ▲ ${'█'.repeat(30)}`,
    `  shoe    0.5000        0      0.5000  ▼ ${'█'.repeat(20)}`,
    `  coat    0.2500        0      0.2500  ▼ ${'█'.repeat(10)}`,
    '',
    'A step raises bag and lowers the others, shoe most.\n' +
      'Each output is nudged in proportion to how far it is from the desired one.',
    '',
    'Backward, from the last layer to the first:',
    '  layer         units   size of δ   size of ∂L/∂w',
    '  dense2            3       0.935               5',
    '  activation1       4          13                  50.00 % of units are 0 and pass no error',
    '  dense1            4           0               0',
  ]);
});

test('a look at a number names its target, and one at many classes shows some', () => {
  const { classNames: _, ...others } = FASHION_MNIST;
  const prices = { ...others, target: { name: 'price', mean: 100, deviation: 10 } };
  const one = { ...study, outputs: Float32Array.of(0.5), targets: Float32Array.of(1) };
  const lines = lookLines({ ...one, label: 1, prediction: 0.5 }, plan, prices, '');
  expect(lines[2]).toMatch(/^The net says 105; right is 110\./);
  expect(lines.slice(4, 6)).toEqual([
    '  target   output  desired  difference',
    `  price    0.5000        1     -0.5000  ▲ ${'█'.repeat(30)}`,
  ]);

  const classNames = Array.from({ length: 65_536 }, (_, i) => `class ${i}`);
  const outputs = Float32Array.from(classNames, (_, i) => i / 2 ** 16);
  const many = { ...study, outputs, targets: new Float32Array(2 ** 16) };
  const shown = lookLines(many, plan, { ...FASHION_MNIST, classNames }, '');
  expect(shown.length).toBeLessThan(40);
  expect(shown).toContain('  and 65516 with smaller differences');
});

test('of an example that the net knows, a look says where there is more to see', () => {
  const known = { ...study, outputs: Float32Array.of(0.001, 0.998, 0.001), prediction: 1 };
  const lines = lookLines(known, plan, NAMES, 'look RUN --hardest').join('\n');
  expect(lines).toMatch(/The net knows this example: .* more to see: look RUN --hardest\n/s);
  expect(lines).not.toContain('A step raises');
});
