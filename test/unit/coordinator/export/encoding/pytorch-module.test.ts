import { describe, expect, test } from 'vitest';
import { portableModel } from '../../../../../coordinator/export/encoding/portable-model.ts';
import { pytorchModule } from '../../../../../coordinator/export/encoding/pytorch-module.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { PORTABLE_INPUT, PORTABLE_MODELS } from '../../../../support/portable-models.ts';

const FACTS = { classNames: ['a', 'b', 'c'], hasSoftmax: true, parameterFile: 'p.safetensors' };

function moduleOf(name: string, facts: Partial<typeof FACTS> = {}): string {
  const plan = planModel({ input: PORTABLE_INPUT, layers: [...PORTABLE_MODELS[name]] });
  const layers = portableModel(plan, new Float32Array(plan.parameterCount));
  return pytorchModule(layers, { ...FACTS, ...facts });
}

// That PyTorch takes it, and computes the same, is shown in `process/pytorch.test.ts`.
describe('the module for PyTorch', () => {
  test('has a line for each layer', () => {
    const lines = moduleOf('convolutions and pools').split('\n');
    expect(lines.filter((line) => line.includes('nn.') && line.includes('("'))).toEqual(
      [
        '("conv1", nn.Conv2d(2, 4, 3, stride=1, padding=1)),',
        '("norm1", nn.BatchNorm2d(4, eps=1e-05)),',
        '("pool1", nn.MaxPool2d(2)),',
        '("conv2", nn.Conv2d(4, 5, 2, stride=1, padding=0)),',
        '("pool2", nn.AvgPool2d(2)),',
        '("flatten_dense1", nn.Flatten()),',
        '("dense1", nn.Linear(5, 3)),',
      ].map((line) => ' '.repeat(12) + line),
    );
  });

  test('loads the file beside it', () => {
    expect(moduleOf('the activation gelu')).toContain('with_name("p.safetensors")');
  });

  test('holds class names as texts, whatever is in them', () => {
    const text = moduleOf('the activation relu', { classNames: ['"""', '\\', 'a\nb'] });
    expect(text).toContain(String.raw`CLASSES = [
    "\"\"\"",
    "\\",
    "a\nb",
]`);
  });

  test('says how logits become probabilities', () => {
    expect(moduleOf('the activation relu')).toContain('model(images).softmax(1)');
    const scores = moduleOf('the activation relu', { hasSoftmax: false });
    expect(scores).toContain('model(images).clamp(0, 1)');
  });
});
