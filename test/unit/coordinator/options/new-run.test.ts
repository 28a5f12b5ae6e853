import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelFor } from '../../../../coordinator/options/model-source.ts';
import {
  assertResumable,
  newRunConfig,
  normalizationNotice,
  stopRuleOf,
} from '../../../../coordinator/options/new-run.ts';
import { DEFAULT_RATES, DEFAULTS, RECIPES } from '../../../../coordinator/options/recipes.ts';
import type { RunOptions } from '../../../../coordinator/options/run-options.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { OPTIMIZERS } from '../../../../shared/engine/optimizer-spec.ts';
import { SCHEDULES } from '../../../../shared/engine/schedule-spec.ts';
import { RunConfig } from '../../../../shared/round/run-config.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

type Options = Partial<RunOptions>;
const dataset = createToyDataset();
const { count } = dataset.train;
const always: RunOptions = { checkpointEvery: 500, checkpointInterval: 30, audit: 0 };

async function configOf(options: Options, numerics: RunConfig['numerics'][] = ['strict']) {
  const complete = { ...always, validation: 88, ...options };
  return newRunConfig(complete, dataset, await modelFor(complete, dataset), numerics);
}

const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) });

describe('batch normalization', () => {
  /** The toy dataset's model file with these layers before the last one. */
  const withLayers = async (layers: object[], options: Options) => {
    const file = join(temporaryFolder(), 'model.json');
    writeFileSync(file, JSON.stringify({ layers: [...layers, { type: 'dense', outputs: 3 }] }));
    return configOf({ model: file, ...options });
  };
  const dense = [{ type: 'dense', outputs: 4 }, { type: 'batch-norm' }];
  const convolution = [{ type: 'conv2d', filters: 2, kernel: 3 }, { type: 'batch-norm' }];

  test('of single values is refused', async () => {
    const refusal = (given: number, most: number) =>
      usage(
        new RegExp(
          `^--micro-batches ${given} puts 1 of \\d+ examples into a micro-batch, but norm1 ` +
            `\\(batch-norm\\) needs at least 2 .* give at most ${most}, `,
        ),
      );
    const ones = withLayers(dense, { globalBatch: 16, microBatches: 16 });
    await expect(ones).rejects.toEqual(refusal(16, 8));
    const twos = withLayers(dense, { globalBatch: 31, microBatches: 16 });
    await expect(twos).rejects.toEqual(refusal(16, 15));
    const few = withLayers(dense, { validation: count - 16, microBatches: 16 });
    await expect(few).rejects.toEqual(refusal(16, 8));
    await withLayers(dense, { globalBatch: 32, microBatches: 16 });
  });

  test('of single images is pointed out', async () => {
    const notice = async (options: Options) =>
      normalizationNotice(await withLayers(convolution, options));
    expect(await notice({ globalBatch: 16, microBatches: 16 })).toMatch(
      /^a micro-batch has 1 example, .* give fewer --micro-batches/,
    );
    expect(await notice({ globalBatch: 32, microBatches: 16 })).toBeUndefined();
    expect(normalizationNotice(await configOf({ globalBatch: 16 }))).toBeUndefined();
  });
});

describe('a new run', () => {
  test('has the defaults where nothing else is said', async () => {
    const config = await configOf({});
    const { microBatches, globalBatch, schedule, optimizer, epochs } = DEFAULTS;
    const learningRate = { name: schedule, peak: DEFAULT_RATES[optimizer], epochs };
    const batches = { globalBatch, microBatchCount: microBatches, validationCount: 88 };
    expect(config).toMatchObject({ ...batches, learningRate, dataset: dataset.manifest });
    expect(config).not.toHaveProperty('clipNorm');
  });

  test('that could not be read from a checkpoint is not begun', async () => {
    const layers = Array.from({ length: 65 }, () => ({ type: 'dense', outputs: 3 }) as const);
    const model = planModel({ input: { height: 4, width: 5, channels: 1 }, layers });
    const begin = () => newRunConfig({ ...always, validation: 88 }, dataset, model, ['strict']);
    expect(begin).toThrow(/cannot be saved: model\.layers: .*64/);
  });

  test('names the weights that it begins with', async () => {
    const model = await modelFor(always, dataset);
    const sha256 = 'ab'.repeat(32);
    const begun = newRunConfig({ ...always, validation: 88 }, dataset, model, ['strict'], sha256);
    expect(begun.initialParametersSha256).toBe(sha256);
    expect(await configOf({})).not.toHaveProperty('initialParametersSha256');
  });

  test('has the recipe of its preset, beneath what is said', async () => {
    const { optimizer: name, lr: peak, weightDecay, epochs, augment } = RECIPES.cnn.quick;
    const config = await configOf({ model: 'cnn', momentum: 0.5 });
    expect(config).toMatchObject({ weightDecay, augmentation: augment });
    expect(config.optimizer).toEqual({ name, momentum: 0.5 });
    expect(config.learningRate).toMatchObject({ peak, epochs });
    expect((await configOf({ model: 'cnn', lr: 3 })).learningRate.peak).toBe(3);
    const other = await configOf({ model: 'cnn', optimizer: 'adam' });
    expect(other.learningRate.peak).toBe(DEFAULT_RATES.adam);
  });

  test('has the warm-up of its recipe, but in a short run a fifth of it', async () => {
    const warmupOf = async (options: Options) =>
      (await configOf({ model: 'cnn', ...options })).learningRate.warmupSteps;
    const { warmup = 0 } = RECIPES.cnn.quick;
    const config = await configOf({ model: 'cnn' });
    const batches = Math.ceil((dataset.train.count - config.validationCount) / config.globalBatch);
    expect(await warmupOf({ epochs: 10 })).toBe(2 * batches);
    expect(await warmupOf({ epochs: 10_000 })).toBe(warmup);
    expect(await warmupOf({ epochs: 10, warmup: 999 })).toBe(999);
  });

  test('has the accurate recipe of its preset, if that is said', async () => {
    const config = await configOf({ recipe: 'accurate', weightDecay: 0 });
    const { epochs, average, labelSmoothing } = RECIPES.mlp.accurate;
    expect(config).toMatchObject({ averageDecay: average, labelSmoothing, weightDecay: 0 });
    expect(config.learningRate).toMatchObject({ epochs });
    expect(await configOf({ recipe: 'quick' })).toEqual(await configOf({}));
    const { augmentation } = await configOf({ model: 'cnn', recipe: 'accurate' });
    expect(augmentation).toEqual({ flip: 0.5, shift: 0, erase: 0.25 });
    const layers = { model: 'layers.json', recipe: 'accurate' } as const;
    const model = await modelFor(always, dataset);
    expect(() => newRunConfig({ ...always, ...layers }, dataset, model, ['strict'])).toThrow(
      usage(/^--recipe accurate is for presets, but --model layers\.json is a file/),
    );
  });

  const pairs = OPTIMIZERS.flatMap((name) =>
    SCHEDULES.map((schedule) => [name, schedule] as const),
  );
  test.for(pairs)('can be sent and saved with %s and %s', async ([optimizer, schedule]) => {
    const config = await configOf({ optimizer, schedule, clipNorm: 2, wire: 'bf16' });
    expect(RunConfig.parse(config)).toEqual(config);
    expect(config.optimizer.name).toBe(optimizer);
    expect(config.learningRate).toMatchObject({ name: schedule, peak: DEFAULT_RATES[optimizer] });
  });

  test('begins with the weights that its activation needs, unless it is told', async () => {
    const initOf = async (options: Options) => (await configOf(options)).initialisation;
    expect(await initOf({ activation: 'relu' })).toBe('he');
    for (const activation of ['identity', 'sigmoid', 'tanh'] as const)
      expect(await initOf({ activation }), activation).toBe('glorot');
    expect(await initOf({ activation: 'tanh', init: 'he' })).toBe('he');
  });

  test('takes the best numerics of this machine, unless it is told', async () => {
    expect((await configOf({}, ['fused', 'strict'])).numerics).toBe('fused');
    expect((await configOf({ numerics: 'strict' }, ['fused', 'strict'])).numerics).toBe('strict');
  });

  test('holds out at most a tenth of the examples, unless it is told', async () => {
    const byDefault = newRunConfig(always, dataset, await modelFor(always, dataset), ['strict']);
    expect(byDefault.validationCount).toBe(count / 10);
    expect((await configOf({ validation: 200 })).validationCount).toBe(200);
  });

  test('may have one example, or one in each micro-batch', async () => {
    for (const examples of [1, 16]) {
      const config = await configOf({ validation: count - examples, microBatches: examples });
      expect(config.globalBatch).toBe(DEFAULTS.globalBatch);
    }
  });

  test.for([
    [{ validation: count }, /--validation 600 .*\b600\b/],
    [{ validation: count + 1 }, /--validation 601 .*\b600\b/],
    [{ microBatches: 17, globalBatch: 16 }, /--micro-batches 17 .*\b16\b/],
    [{ microBatches: 16, validation: count - 15 }, /--micro-batches 16 .*\b15\b/],
    [{ momentum: 0.5 }, /--momentum 0\.5 .*--optimizer adam\b/],
  ] as [Options, RegExp][])('is refused where flags do not fit: %j', async ([options, message]) => {
    await expect(configOf(options)).rejects.toThrow(usage(message));
  });
});

describe('the end of a run', () => {
  const endOf = async (options: Options, before?: Parameters<typeof stopRuleOf>[2]) =>
    stopRuleOf({ ...always, ...options }, await configOf(options), before);

  test('is what is said, else what was before, else the recipe’s or the default', async () => {
    const before = { epochs: 3, earlyStopping: 2 };
    expect(await endOf({ epochs: 9 }, before)).toEqual({ epochs: 9, earlyStopping: 2 });
    expect(await endOf({ earlyStopping: 1 }, before)).toEqual({ epochs: 3, earlyStopping: 1 });
    expect(await endOf({ model: 'cnn' }, before)).toEqual(before);
    expect(await endOf({ model: 'cnn' })).toEqual({ epochs: RECIPES.cnn.quick.epochs });
    expect(await endOf({})).toEqual({ epochs: DEFAULTS.epochs });
  });

  test('cannot come early without examples that are held out', async () => {
    const early = { earlyStopping: 4, validation: 0 };
    await expect(endOf(early)).rejects.toThrow(usage(/--early-stopping 4 .*--validation/));
    const before = { epochs: 3, earlyStopping: 2 };
    await expect(endOf({ validation: 0 }, before)).rejects.toThrow(usage(/--early-stopping 2 /));
    expect(await endOf({ ...early, validation: 1 })).toMatchObject({ earlyStopping: 4 });
  });
});

describe('a resumed run', () => {
  const names: Options = { init: 'glorot', loss: 'squared-error', numerics: 'fused', wire: 'bf16' };
  const counts = { globalBatch: 127, microBatches: 8, warmup: 1, seed: 2, validation: 0 };
  const factors = { labelSmoothing: 0.1, momentum: 0.5, lr: 0.1, weightDecay: 0.1, clipNorm: 2 };
  const averages = { average: 0.99, classWeights: [1, 2, 3] };
  const rules = { schedule: 'step', optimizer: 'nesterov' } as const;
  const begun: Options = { ...names, ...counts, ...factors, ...averages, ...rules };
  const resume = async (options: Options, before: Options = {}) =>
    assertResumable({ ...always, ...options }, await configOf(before));

  test.for(Object.entries(begun))('may be told only its own %s: %s', async ([name, value]) => {
    await resume({ [name]: value }, begun);
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const refused = usage(new RegExp(`--${flag} ${value} `));
    await expect(resume({ [name]: value })).rejects.toThrow(refused);
  });

  test.for([
    [{ seed: 77 }, new RegExp(`77 .* ${DEFAULTS.seed}\\b`)],
    [{ clipNorm: 2 }, /2 .*none/],
    [{ momentum: 0.5 }, /0\.5 .*none/],
    [{ augment: { flip: 1, shift: 0, erase: 0 } }, /--augment/],
    [{ layers: [5, 6] }, /--layers 5,6 .*20-.*-3\b/],
    [{ layers: [], activation: 'tanh' }, /--layers none --activation tanh/],
    [{ model: 'cnn' }, /--model cnn/],
    [{ epochs: DEFAULTS.epochs + 1 }, new RegExp(`--epochs .*\\b${DEFAULTS.epochs}\\b`)],
  ] as [Options, RegExp][])('is not another run: %j', async ([options, message]) => {
    await expect(resume(options)).rejects.toThrow(usage(message));
  });

  test('may be told what it is, and when it ends', async () => {
    const model: Options = { model: 'mlp', layers: [7], activation: 'tanh' };
    const augment = { flip: 0.5, shift: 1, erase: 0 };
    await resume({ ...begun, ...model, augment }, { ...begun, ...model, augment });
    await resume({ epochs: DEFAULTS.epochs, earlyStopping: 3, steps: 5 });
    await resume({ epochs: 99 }, { schedule: 'constant' });
  });
});
