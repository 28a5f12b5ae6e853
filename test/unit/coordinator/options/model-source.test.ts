import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelFor, presetOf } from '../../../../coordinator/options/model-source.ts';
import { DEFAULTS } from '../../../../coordinator/options/recipes.ts';
import type { RunOptions } from '../../../../coordinator/options/run-options.ts';
import { multilayerPerceptron, PRESETS } from '../../../../shared/engine/model/presets.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset, TOY_SHAPE } from '../../../support/toy-dataset.ts';

const dataset = createToyDataset();
const base: RunOptions = { checkpointEvery: 500, checkpointInterval: 30, audit: 0 };
const last = { type: 'dense', outputs: 3 };

type Options = Partial<RunOptions>;
const modelOf = (options: Options) => modelFor({ ...base, ...options }, dataset);

function modelFile(content: unknown): string {
  const path = join(temporaryFolder(), 'model.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const failure = (code: ErrorCode, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a preset', () => {
  test('is named, or mlp', () => {
    expect(presetOf(base)).toBe('mlp');
    for (const name of Object.keys(PRESETS)) expect(presetOf({ ...base, model: name })).toBe(name);
  });

  test.for(['', 'MLP', 'mlp.json', 'toString', '__proto__', 'constructor'])(
    'is not %j, which names a file',
    (model) => {
      expect(presetOf({ ...base, model })).toBeUndefined();
    },
  );
});

describe('a model', () => {
  test('is fitted to the images and the classes of the dataset', async () => {
    const plan = await modelOf({});
    expect(plan.spec).toEqual({
      input: { height: 4, width: 5, channels: 1 },
      layers: multilayerPerceptron(DEFAULTS.layers, DEFAULTS.activation, 3),
    });
    expect([plan.inputCount, plan.classCount]).toEqual([20, 3]);
  });

  test('has the layers and the activation that are asked for', async () => {
    const layersOf = async (options: Options) => (await modelOf(options)).spec.layers;
    const tanh = multilayerPerceptron([7, 5], 'tanh', 3);
    expect(await layersOf({ layers: [7, 5], activation: 'tanh' })).toEqual(tanh);
    expect(await layersOf({ model: 'mlp', layers: [7, 5], activation: 'tanh' })).toEqual(tanh);
    expect(await layersOf({ layers: [] })).toEqual([last]);
    const defaults = multilayerPerceptron(DEFAULTS.layers, 'tanh', 3);
    expect(await layersOf({ activation: 'tanh' })).toEqual(defaults);
  });

  test.for(['cnn', 'cnn-small'] as const)('%s is the preset of that name', async (model) => {
    expect((await modelOf({ model })).spec.layers).toEqual(PRESETS[model](3));
  });

  test('that does not fit small images is refused, by the layer that does not', async () => {
    const tiny = createToyDataset({ ...TOY_SHAPE, height: 2, width: 2 });
    await expect(modelFor({ ...base, model: 'cnn' }, tiny)).rejects.toThrow(
      failure('MODEL', /layer 11 .*2 × 2.*1 × 1/),
    );
  });

  test.for([
    [{ model: 'cnn', layers: [5, 6] }, /--layers 5,6 .*--model cnn/],
    [{ model: 'cnn-small', activation: 'tanh' }, /--activation tanh .*--model cnn-small/],
    [{ model: 'none.json', layers: [5] }, /--layers 5 .*--model none\.json/],
  ] as [Options, RegExp][])('has no use for flags of mlp: %j', async ([options, message]) => {
    await expect(modelOf(options)).rejects.toThrow(failure('USAGE', message));
  });
});

describe('a model file', () => {
  test('gives the layers, with the settings that it leaves out', async () => {
    const model = modelFile({ layers: [{ type: 'conv2d', filters: 2, kernel: 3 }, last] });
    expect((await modelOf({ model })).spec.layers).toEqual([
      { type: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same' },
      last,
    ]);
  });

  test.for([
    ['is not there', undefined, /--model .*none\.json.*ENOENT/],
    ['is no JSON', '{', /model\.json/],
    ['is a list', [last], /model\.json: .*\[/],
    ['has no layers', { layers: [] }, /model\.json: layers: .*not \[\]/],
    ['has a number of layers', { layers: 2 }, /layers: .*not 2/],
    ['has more than layers', { layers: [last], input: 1 }, /"?input/],
    ['has a layer that is none', { layers: [last, null] }, /layer 2: .*null/],
    ['has a layer of an unknown kind', { layers: [{ type: 'lstm' }, last] }, /layer 1: .*"lstm"/],
    ['has a layer with a wrong setting', { layers: [{ ...last, outputs: 0 }] }, /outputs: .*not 0/],
    ['has a layer with a setting too many', { layers: [{ ...last, bias: 1 }] }, /layer 1: .*bias/],
    ['ends with no dense layer', { layers: [last, { type: 'flatten' }] }, /json: layer 2 \(flat/],
    [
      'has a layer that does not fit',
      { layers: [{ type: 'max-pool', size: 5 }, last] },
      /json: .*5/,
    ],
    ['has 65 layers', { layers: new Array(65).fill(last) }, /json: layers: .*64/],
    ['has too few outputs', { layers: [{ ...last, outputs: 2 }] }, /json: .*\b2 .*toy.*\b3\b/],
    ['has too many outputs', { layers: [{ ...last, outputs: 4 }] }, /json: .*\b4 .*toy.*\b3\b/],
  ] as const)('is refused when it %s', async ([, content, message]) => {
    const model = content === undefined ? '/no/such/none.json' : modelFile(content);
    await expect(modelOf({ model })).rejects.toThrow(failure('MODEL', message));
  });

  test('is not asked for by an empty name', async () => {
    await expect(modelOf({ model: '' })).rejects.toThrow(failure('MODEL', /mlp, cnn/));
  });
});

describe('the model of a run that begins with the weights of another one', () => {
  const tanh: Options = { layers: [7], activation: 'tanh' };

  test('is that one, if no flag asks for a model', async () => {
    const initial = await modelOf(tanh);
    expect(await modelFor({ ...base, initFrom: 'r' }, dataset, initial)).toBe(initial);
    expect((await modelFor({ ...base, ...tanh }, dataset, initial)).spec).toEqual(initial.spec);
  });

  test('cannot be another one', async () => {
    const initial = await modelOf(tanh);
    const asked = modelFor({ ...base, layers: [8], initFrom: 'r' }, dataset, initial);
    await expect(asked).rejects.toThrow(/--init-from r has another model, 20-7-3, than the model/);
  });

  test('must fit the data', async () => {
    const initial = await modelOf(tanh);
    const wide = { ...dataset, shape: { height: 4, width: 6, channels: 1 } };
    await expect(modelFor({ ...base, initFrom: 'r' }, wide, initial)).rejects.toThrow(
      '--init-from r: that model is for images of 4 × 5 pixels, but toy has ' +
        'images of 4 × 6 pixels.',
    );
  });

  test('has another last layer for other classes', async () => {
    const initial = await modelOf(tanh);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const other = { ...dataset, manifest: { ...dataset.manifest, classNames: names } };
    const model = await modelFor({ ...base, initFrom: 'r' }, other, initial);
    expect(model.classCount).toBe(5);
    expect(model.spec.layers.slice(0, -1)).toEqual(initial.spec.layers.slice(0, -1));
    expect((await modelFor({ ...base, ...tanh }, other, initial)).spec).toEqual(model.spec);
  });
});
