import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { didYouMean } from '../../shared/cli/did-you-mean.ts';
import { type Dataset, describeInput, isSameShape } from '../../shared/data/dataset.ts';
import { describeShape, describeTarget, outputCountOf } from '../../shared/data/target.ts';
import { LayerSpec } from '../../shared/engine/layers/layer-spec.ts';
import { describeModel } from '../../shared/engine/model/describe-model.ts';
import { type ModelPlan, planModel } from '../../shared/engine/model/model-plan.ts';
import { LAYER_COUNT_MAX, type ModelSpec } from '../../shared/engine/model/model-spec.ts';
import {
  multilayerPerceptron,
  PRESETS,
  type PresetName,
} from '../../shared/engine/model/presets.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { describeIssue } from '../../shared/validation.ts';
import { DEFAULTS } from './recipes.ts';
import type { RunOptions } from './run-options.ts';

/** The content of a model file: only layers. The input shape comes from the dataset's images. */
const ModelFile = z.strictObject({ layers: z.array(z.unknown()).min(1).max(LAYER_COUNT_MAX) });

/** The preset that the options name; `mlp` by default. Undefined if the options name a file. */
export function presetOf({ model }: RunOptions): PresetName | undefined {
  if (model === undefined) return 'mlp';
  return Object.hasOwn(PRESETS, model) ? (model as PresetName) : undefined;
}

/** What a model must know of its dataset. */
export type ModelData = Pick<Dataset, 'kind' | 'shape' | 'manifest'>;

/** The flags that choose the model. */
export const MODEL_OPTIONS = ['model', 'layers', 'activation'] as const;

/**
 * The model that the options ask for. Its input is an image of the dataset, and its outputs are the
 * dataset's classes. `initial` is the model whose weights the run begins with: then the flags may
 * be left out. If it has other classes, its last layer is replaced. Throws a `USAGE` error if flags
 * do not fit each other or `initial`. Throws a `MODEL` error if the file is not a model or its
 * layers do not fit.
 */
export async function modelFor(
  options: RunOptions,
  dataset: ModelData,
  initial?: ModelPlan,
): Promise<ModelPlan> {
  const { shape, manifest } = dataset;
  const outputs = outputCountOf(manifest);
  const fitted = initial && withOutputs(initial, outputs);
  if (fitted && MODEL_OPTIONS.every((name) => options[name] === undefined)) {
    const { input } = fitted.spec;
    if (isSameShape(input, shape)) return fitted;
    throw new LockstepError(
      'MODEL',
      `--init-from ${options.initFrom}: that model is for ${describeInput(input)}, but ` +
        `${manifest.name} has ${describeShape(dataset.kind, shape)}.`,
    );
  }
  const layers = await layersFor(options, outputs);
  const plan = planNamed({ input: { ...shape }, layers }, options);
  if (plan.classCount !== outputs) {
    throw new LockstepError(
      'MODEL',
      `${options.model}: the last layer has ${plan.classCount} outputs, but ` +
        `${manifest.name} has ${describeTarget(manifest)}: make it "outputs": ${outputs}.`,
    );
  }
  if (initial && !isDeepStrictEqual(plan.spec, fitted?.spec)) {
    throw new LockstepError(
      'USAGE',
      `--init-from ${options.initFrom} has another model, ${describeModel(initial)}, than the ` +
        'model flags ask for: leave the model flags out.',
    );
  }
  return plan;
}

/** The model with as many outputs as the dataset needs: itself, or with another last layer. */
function withOutputs(model: ModelPlan, outputs: number): ModelPlan {
  if (model.classCount === outputs) return model;
  const layers = [...model.spec.layers.slice(0, -1), { type: 'dense', outputs } as const];
  return planModel({ ...model.spec, layers });
}

/** Plans a model. If the model comes from a file, an error names the file. */
function planNamed(spec: ModelSpec, options: RunOptions): ModelPlan {
  try {
    return planModel(spec);
  } catch (error) {
    if (!(error instanceof LockstepError) || presetOf(options) !== undefined) throw error;
    throw new LockstepError('MODEL', `${options.model}: ${error.message}`, { cause: error });
  }
}

async function layersFor(options: RunOptions, classes: number): Promise<LayerSpec[]> {
  const preset = presetOf(options);
  const { layers, activation } = { ...DEFAULTS, ...options };
  if (preset === 'mlp') return multilayerPerceptron(layers, activation, classes);
  for (const flag of ['layers', 'activation'] as const) {
    if (options[flag] === undefined) continue;
    throw new LockstepError(
      'USAGE',
      `--${flag} ${options[flag]} does not apply to --model ${options.model}: ` +
        'leave one of them out.',
    );
  }
  return preset ? PRESETS[preset](classes) : readLayers(options.model ?? '');
}

async function readLayers(path: string): Promise<LayerSpec[]> {
  const names = Object.keys(PRESETS);
  let content: unknown;
  try {
    content = JSON.parse(await readTextFile(path));
  } catch (error) {
    throw new LockstepError(
      'MODEL',
      `--model ${path} is neither a preset (${names.join(', ')}) nor a JSON file: ` +
        `${reasonOf(error)}.${didYouMean(path, names)}`,
      { cause: error },
    );
  }
  const file = ModelFile.safeParse(content);
  if (!file.success) {
    throw new LockstepError(
      'MODEL',
      `${path}: ${describeIssue(file.error, content)}: give { "layers": [ … ] } with 1 to ` +
        `${LAYER_COUNT_MAX} layers.`,
    );
  }
  return file.data.layers.map((layer, index) => {
    const result = LayerSpec.safeParse(layer);
    if (result.success) return result.data;
    throw new LockstepError(
      'MODEL',
      `${path}: layer ${index + 1}: ${describeIssue(result.error, layer)}.`,
    );
  });
}
