import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Dataset } from '../shared/data/dataset.ts';
import { classCount, LayerSpec, type ModelSpec, planModel } from '../shared/engine/model-spec.ts';
import { multilayerPerceptron, PRESETS, type PresetName } from '../shared/engine/presets.ts';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import { describeIssue } from '../shared/validation.ts';
import { DEFAULTS } from './recipes.ts';
import type { RunOptions } from './run-options.ts';

/** What a model file holds; the input is the dataset's images. */
const ModelFile = z.strictObject({ layers: z.array(z.unknown()).min(1) });

/** The preset that the options name, if any; the default is `mlp`. */
export function presetOf({ model }: RunOptions): PresetName | undefined {
  if (model === undefined) return 'mlp';
  return Object.hasOwn(PRESETS, model) ? (model as PresetName) : undefined;
}

/**
 * The model that the options ask for, for the images and classes of a dataset. Throws a `USAGE` error if flags do not
 * fit each other, a `MODEL` error if the file is not a model or its layers do not fit.
 */
export async function modelFor(
  options: RunOptions,
  dataset: Pick<Dataset, 'imageShape' | 'manifest'>,
): Promise<ModelSpec> {
  const [height, width] = dataset.imageShape;
  const classes = dataset.manifest.classNames.length;
  const model: ModelSpec = {
    input: { height, width, channels: 1 },
    layers: await layersFor(options, classes),
  };
  try {
    planModel(model);
  } catch (error) {
    throw error instanceof LockstepError && presetOf(options) === undefined
      ? new LockstepError('MODEL', `${options.model}: ${error.message}`, { cause: error })
      : error;
  }
  if (classCount(model) !== classes) {
    throw new LockstepError(
      'MODEL',
      `${options.model}: the last layer has ${classCount(model)} outputs, but ${dataset.manifest.name} has ` +
        `${classes} classes: make it "outputs": ${classes}.`,
    );
  }
  return model;
}

async function layersFor(options: RunOptions, classes: number): Promise<LayerSpec[]> {
  const preset = presetOf(options);
  const { layers, activation } = { ...DEFAULTS, ...options };
  if (preset === 'mlp') return multilayerPerceptron(layers, activation, classes);
  for (const flag of ['layers', 'activation'] as const) {
    if (options[flag] === undefined) continue;
    throw new LockstepError(
      'USAGE',
      `--${flag} ${options[flag]} has no meaning for --model ${options.model}: leave one of them out.`,
    );
  }
  return preset ? PRESETS[preset](classes) : readLayers(options.model ?? '');
}

async function readLayers(path: string): Promise<LayerSpec[]> {
  const presets = Object.keys(PRESETS).join(', ');
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new LockstepError(
      'MODEL',
      `--model ${path} is no preset (${presets}) and no JSON file: ${reasonOf(error)}.`,
      { cause: error },
    );
  }
  const file = ModelFile.safeParse(content);
  if (!file.success) {
    throw new LockstepError(
      'MODEL',
      `${path}: ${describeIssue(file.error, content)}: give { "layers": [ … ] }.`,
    );
  }
  return file.data.layers.map((layer, index) => {
    const result = LayerSpec.safeParse(layer);
    if (result.success) return result.data;
    throw new LockstepError('MODEL', `${path}: layer ${index + 1}: ${describeIssue(result.error, layer)}.`);
  });
}
