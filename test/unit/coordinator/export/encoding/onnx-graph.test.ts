import { describe, expect, test } from 'vitest';
import { onnxGraph } from '../../../../../coordinator/export/encoding/onnx-graph.ts';
import { portableModel } from '../../../../../coordinator/export/encoding/portable-model.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { PORTABLE_INPUT, PORTABLE_MODELS } from '../../../../support/portable-models.ts';

function graphOf(name: string, hasSoftmax = true) {
  const plan = planModel({ input: PORTABLE_INPUT, layers: [...PORTABLE_MODELS[name]] });
  return onnxGraph(portableModel(plan, new Float32Array(plan.parameterCount)), hasSoftmax);
}

// That it computes the same as the run is shown in `process/onnx.test.ts`.
describe('the graph of a model', () => {
  test('takes bytes and scales them, before any layer', () => {
    const { nodes, inputs, constants } = graphOf('convolutions and pools');
    expect(inputs).toEqual([{ name: 'images', type: 'u8', shape: ['batch', 2, 7, 6] }]);
    expect(nodes.slice(0, 3)).toMatchObject([
      { operator: 'Cast', inputs: ['images'], attributes: { to: 1 } },
      { operator: 'Div', inputs: ['cast', 'constant_255'] },
      { operator: 'Conv', inputs: ['scaled', 'conv1.weight', 'conv1.bias'] },
    ]);
    expect(constants).toContainEqual({
      name: 'constant_255',
      shape: [],
      values: Float32Array.of(255),
    });
  });

  test('gives logits and probabilities', () => {
    const { nodes, outputs } = graphOf('dense layers on an image');
    expect(outputs).toEqual(
      ['logits', 'probabilities'].map((name) => ({ name, type: 'f32', shape: ['batch', 3] })),
    );
    expect(nodes.slice(-2)).toMatchObject([
      { operator: 'Identity', inputs: ['dense2'], output: 'logits' },
      { operator: 'Softmax', inputs: ['logits'], output: 'probabilities' },
    ]);
    const limited = graphOf('dense layers on an image', false).nodes.at(-1);
    expect(limited).toMatchObject({
      operator: 'Clip',
      inputs: ['logits', 'constant_0', 'constant_1'],
    });
  });

  test('leaves dropout out', () => {
    const operators = graphOf('dense layers on an image').nodes.map(({ operator }) => operator);
    expect(operators.join(' ')).toBe(
      'Cast Div Flatten Gemm BatchNormalization Gemm Identity Softmax',
    );
  });

  test('needs only values that are there before it', () => {
    for (const name of Object.keys(PORTABLE_MODELS)) {
      const { nodes, inputs, constants } = graphOf(name);
      const known = new Set([...inputs, ...constants].map((value) => value.name));
      for (const node of nodes) {
        for (const input of node.inputs) expect(known, `${name}: ${node.output}`).toContain(input);
        expect(known, name).not.toContain(node.output);
        known.add(node.output);
      }
    }
  });
});
