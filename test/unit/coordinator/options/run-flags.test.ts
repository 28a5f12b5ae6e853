import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addModelOptions, addRunOptions } from '../../../../coordinator/options/run-flags.ts';
import { NO_AUGMENTATION } from '../../../../shared/data/augmentation-spec.ts';
import { ModelSpec } from '../../../../shared/engine/model/model-spec.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';

const quiet = () => new Command().exitOverride().configureOutput({ writeErr() {} });
const parse = (...args: string[]) =>
  addRunOptions(quiet()).parse(args, { from: 'user' }).opts<Record<string, unknown>>();

const failure = (code: string, ...quoted: string[]) =>
  expect.objectContaining({
    code: `commander.${code}`,
    message: expect.stringMatching(
      new RegExp(quoted.map((text) => text.replace(/[.+*()]/g, '\\$&')).join('.*')),
    ),
  });

describe('a run without flags', () => {
  test('says nothing of the training, so that recipes and checkpoints can', () => {
    expect(parse()).toEqual({ audit: 0, checkpointEvery: 500, checkpointInterval: 30 });
  });
});

describe('a flag', () => {
  test.for([
    ['--model', 'any/file.json', 'model', 'any/file.json'],
    ['--activation', 'tanh', 'activation', 'tanh'],
    ['--init', 'glorot', 'init', 'glorot'],
    ['--loss', 'squared-error', 'loss', 'squared-error'],
    ['--label-smoothing', '0', 'labelSmoothing', 0],
    ['--label-smoothing', '0.999', 'labelSmoothing', 0.999],
    ['--epochs', '1000000', 'epochs', 1_000_000],
    ['--steps', '1', 'steps', 1],
    ['--global-batch', '1', 'globalBatch', 1],
    ['--micro-batches', '4096', 'microBatches', 4096],
    ['--optimizer', 'adamw', 'optimizer', 'adamw'],
    ['--lr', '1e-3', 'lr', 0.001],
    ['--momentum', '0.99', 'momentum', 0.99],
    ['--weight-decay', '2.5', 'weightDecay', 2.5],
    ['--clip-norm', '5', 'clipNorm', 5],
    ['--average', '0.999', 'average', 0.999],
    ['--schedule', 'step', 'schedule', 'step'],
    ['--warmup', '0', 'warmup', 0],
    ['--seed', '9007199254740991', 'seed', Number.MAX_SAFE_INTEGER],
    ['--numerics', 'strict', 'numerics', 'strict'],
    ['--wire', 'bf16', 'wire', 'bf16'],
    ['--validation', '0', 'validation', 0],
    ['--early-stopping', '1', 'earlyStopping', 1],
    ['--audit', '1', 'audit', 1],
    ['--checkpoint-every', '1', 'checkpointEvery', 1],
    ['--checkpoint-interval', '1', 'checkpointInterval', 1],
    ['--resume-or-start', 'runs/x', 'resumeOrStart', 'runs/x'],
    ['--trace', 'trace.json', 'trace', 'trace.json'],
  ] as const)('%s %s sets %s to %j', ([flag, text, name, value]) => {
    expect(parse(flag, text)[name]).toBe(value);
  });

  test.for([
    ['--activation', 'Tanh'],
    ['--init', 'zero'],
    ['--loss', 'mse'],
    ['--label-smoothing', '1'],
    ['--label-smoothing', '-0.1'],
    ['--class-weights', '1,0'],
    ['--class-weights', '1,'],
    ['--class-weights', 'even'],
    ['--epochs', '1000001'],
    ['--steps', '0'],
    ['--global-batch', '1000001'],
    ['--micro-batches', '0'],
    ['--micro-batches', '4097'],
    ['--optimizer', 'lion'],
    ['--lr', '0'],
    ['--lr', 'fast'],
    ['--momentum', '-0.5'],
    ['--momentum', '1'],
    ['--weight-decay', '-1e-9'],
    ['--weight-decay', 'Infinity'],
    ['--clip-norm', '0'],
    ['--average', '1'],
    ['--schedule', 'linear'],
    ['--warmup', '-1'],
    ['--seed', '1.5'],
    ['--seed', '9007199254740992'],
    ['--numerics', 'fast'],
    ['--wire', 'f16'],
    ['--validation', '-1'],
    ['--early-stopping', '0'],
    ['--audit', '1.01'],
    ['--checkpoint-every', '0'],
    ['--checkpoint-interval', '0.5'],
  ] as const)('%s %s is refused, and quoted', ([flag, text]) => {
    expect(() => parse(flag, text)).toThrow(failure('invalidArgument', `${flag} <`, `'${text}'`));
  });

  test.for([
    ['--label-smoothing', '1', 'of at least 0 and below 1'],
    ['--weight-decay', 'x', 'of at least 0.'],
  ] as const)('%s %s is told the bounds', ([flag, text, bounds]) => {
    expect(() => parse(flag, text)).toThrow(failure('invalidArgument', bounds));
  });

  test.for(['--out', '--resume'])('%s cannot be beside --resume-or-start', (flag) => {
    const parseBoth = () => parse('--resume-or-start', 'a', flag, 'b');
    expect(parseBoth).toThrow(failure('conflictingOption', '--resume-or-start', flag));
    expect(parse('--out', 'a', '--resume', 'b')).toMatchObject({ out: 'a', resume: 'b' });
  });
});

describe('class weights', () => {
  test('are a word or a list', () => {
    expect(parse('--class-weights', 'balanced').classWeights).toBe('balanced');
    expect(parse('--class-weights', '1,2.5,1e-3').classWeights).toEqual([1, 2.5, 0.001]);
  });
});

describe('widths of layers', () => {
  const many = (count: number) => Array.from({ length: count }, () => '2').join(',');

  test.for([
    ['none', []],
    ['1', [1]],
    ['16384,3', [16_384, 3]],
    [many(31), Array.from({ length: 31 }, () => 2)],
  ] as const)('%s are taken', ([text, layers]) => {
    expect(parse('--layers', text).layers).toEqual(layers);
  });

  test.for([
    '',
    '0',
    '16385',
    '5,',
    ',5',
    '5,,5',
    '1.5',
    '-3',
    'x',
    '0x10',
    '1e3',
    'None',
    'none,5',
    many(32),
  ])('%j are refused', (text) => {
    expect(() => parse('--layers', text)).toThrow(failure('invalidArgument', '--layers', text));
  });

  test('of the deepest net make a model that the protocol and checkpoints can carry', () => {
    const layers = multilayerPerceptron(parse('--layers', many(31)).layers as number[], 'relu', 2);
    const model = { input: { height: 1, width: 1, channels: 1 }, layers };
    expect(ModelSpec.parse(model)).toEqual(model);
  });
});

describe('an augmentation', () => {
  test.for([
    ['none', {}],
    ['flip', { flip: 0.5 }],
    ['flip=0', { flip: 0 }],
    ['flip=1', { flip: 1 }],
    ['shift=16', { shift: 16 }],
    ['erase=0.25,flip,shift=2', { flip: 0.5, shift: 2, erase: 0.25 }],
  ] as const)('%s is taken', ([text, given]) => {
    expect(parse('--augment', text).augment).toEqual({ ...NO_AUGMENTATION, ...given });
  });

  const wrong =
    'flip= flip=1.1 flip=-0.1 flip=often flip=0.5=3 Flip flip,none ,flip spin shift shift=17';
  test.for(['', ...wrong.split(' '), 'shift=1.5', 'erase', 'erase=2'])('%j is refused', (text) => {
    expect(() => parse('--augment', text)).toThrow(failure('invalidArgument', '--augment', text));
  });
});

test('flags of a model alone know no others', () => {
  const parseModel = (...args: string[]) => addModelOptions(quiet()).parse(args, { from: 'user' });
  expect(parseModel('--layers', '5').opts()).toEqual({ layers: [5] });
  expect(() => parseModel('--lr', '0.1')).toThrow(failure('unknownOption', '--lr'));
});
