import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('a model that cannot be used ends with exit code 1 and a line that names the layer', () => {
  const last = { type: 'dense', outputs: 10 };
  test.for([
    ['no JSON', '{', /^error: --model .*model\.json is no preset \(mlp, cnn, cnn-small\) and no JSON file: /],
    ['no layers', '{"layers":[]}', /model\.json: layers: .*not \[\]: give \{ "layers": \[ … \] \}\.$/],
    [
      'an unknown layer',
      JSON.stringify({ layers: [{ type: 'lstm' }, last] }),
      /model\.json: layer 1: type: .*not "lstm"/,
    ],
    [
      'a wrong setting',
      JSON.stringify({ layers: [{ type: 'dense', outputs: 0 }, last] }),
      /layer 1: outputs: .*not 0/,
    ],
    [
      'a kernel that is too large',
      JSON.stringify({
        layers: [
          { type: 'max-pool', size: 7 },
          { type: 'conv2d', filters: 2, kernel: 5, padding: 'valid' },
          last,
        ],
      }),
      /layer 2 \(conv2d\): a kernel of 5 × 5 does not fit its input of 4 × 4 pixels: make it smaller\.$/,
    ],
    [
      'an even kernel without a middle',
      JSON.stringify({ layers: [{ type: 'conv2d', filters: 2, kernel: 2 }, last] }),
      /layer 1 \(conv2d\): an even kernel \(2\) has no middle: use an odd one, or "padding": "valid"\.$/,
    ],
    [
      'no dense layer at the end',
      JSON.stringify({ layers: [last, { type: 'batch-norm' }] }),
      /layer 2 \(batch-norm\) is the last: it must be a dense layer/,
    ],
    [
      'another number of classes',
      JSON.stringify({ layers: [{ type: 'dense', outputs: 3 }] }),
      /the last layer has 3 outputs, but fashion-mnist has 10 classes: make it "outputs": 10\.$/,
    ],
  ] as const)('%s', async ([, content, message]) => {
    const file = join(temporaryFolder(), 'model.json');
    writeFileSync(file, content);
    const { code, stderr } = await runCli(['summary', '--model', file]);
    expect(stderr.trim()).toMatch(message);
    expect(code).toBe(1);
  });

  test('flags of another model', async () => {
    const { code, stderr } = await runCli(['summary', '--model', 'cnn', '--layers', '5']);
    expect(stderr).toBe('error: --layers 5 has no meaning for --model cnn: leave one of them out.\n');
    expect(code).toBe(2);
  });
});
