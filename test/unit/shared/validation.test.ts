import { expect, test } from 'vitest';
import * as z from 'zod';
import { DatasetManifest } from '../../../shared/data/manifest.ts';
import { LayerSpec } from '../../../shared/engine/layers/layer-spec.ts';
import { describeIssue } from '../../../shared/validation.ts';

const manifest = { name: 'digits', classNames: ['zero', 'one'] };
const files = { trainImages: { name: 'a/b', sha256: 'x' } };

test.for([
  [DatasetManifest, [], 'must be an object, not []'],
  [DatasetManifest, {}, 'name: must be text, but it is missing'],
  [DatasetManifest, { name: 7 }, 'name: must be text, not 7'],
  [DatasetManifest, { name: '' }, 'name: must have at least 1 character, not ""'],
  [DatasetManifest, { name: 'a', classNames: 'b' }, 'classNames: must be a list, not "b"'],
  [
    DatasetManifest,
    { name: 'a', classNames: ['b'] },
    'classNames: must have at least 2 entries, not ["b"]',
  ],
  [DatasetManifest, manifest, 'files: must be an object, but it is missing'],
  [
    DatasetManifest,
    { ...manifest, files },
    'files.trainImages.name: must be a plain file name, not "a/b"',
  ],
  [LayerSpec, { type: 'dense' }, 'outputs: must be a number, but it is missing'],
  [LayerSpec, { type: 'dense', outputs: 0 }, 'outputs: must be at least 1, not 0'],
  [LayerSpec, { type: 'dense', outputs: 1.5 }, 'outputs: must be a whole number, not 1.5'],
  [LayerSpec, { type: 'dense', outputs: 99_999 }, 'outputs: must be at most 65536, not 99999'],
  [LayerSpec, { type: 'dense', outputs: 1, width: 2 }, 'the field "width" is unknown'],
  [LayerSpec, { type: 'flatten', a: 1, b: 2 }, 'the fields "a", "b" are unknown'],
  [
    LayerSpec,
    { type: 'lstm' },
    'type: must be one of "dense", "conv2d", "max-pool", "average-pool", "flatten", ' +
      '"activation", "dropout", "batch-norm", not "lstm"',
  ],
  [
    LayerSpec,
    { type: 'conv2d', filters: 1, kernel: 1, padding: 'full' },
    'padding: must be one of "same", "valid", not "full"',
  ],
  [z.number().positive(), 0, 'must be more than 0, not 0'],
  [z.number().lt(1), 1, 'must be less than 1, not 1'],
  [z.literal('a'), 'b', 'must be "a", not "b"'],
  [z.int(), '\u001b[2J\n', 'must be a number, not "\\u001b[2J\\n"'],
] as const)('the fault of a value is described in plain words: %#', ([schema, value, text]) => {
  const { error } = schema.safeParse(value);
  expect(describeIssue(error as z.ZodError, value)).toBe(text);
});
