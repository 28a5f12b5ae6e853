import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('lockstep summary rejects a model that', () => {
  const last = { type: 'dense', outputs: 10 };
  test.for([
    [
      'is not JSON',
      '{',
      /^error: --model .*model\.json is neither a preset \(mlp, cnn, cnn-small\) nor a JSON file: /,
    ],
    [
      'has no layers',
      '{"layers":[]}',
      /model\.json: layers: .*not \[\]: give \{ "layers": \[ … \] \} with 1 to 64 layers\.$/,
    ],
    [
      'has an unknown layer',
      JSON.stringify({ layers: [{ type: 'lstm' }, last] }),
      /model\.json: layer 1: type: .*not "lstm"/,
    ],
    [
      'has a wrong setting',
      JSON.stringify({ layers: [{ type: 'dense', outputs: 0 }, last] }),
      /layer 1: outputs: .*not 0/,
    ],
    [
      'has a kernel larger than its input',
      JSON.stringify({
        layers: [
          { type: 'max-pool', size: 7 },
          { type: 'conv2d', filters: 2, kernel: 5, padding: 'valid' },
          last,
        ],
      }),
      new RegExp(
        'layer 2 \\(conv2d\\): a kernel of 5 × 5 does not fit its input of 4 × 4 pixels\\. ' +
          'Make it smaller\\.$',
      ),
    ],
    [
      'has an even kernel without a center',
      JSON.stringify({ layers: [{ type: 'conv2d', filters: 2, kernel: 2 }, last] }),
      new RegExp(
        'layer 1 \\(conv2d\\): an even kernel \\(2\\) has no center\\. ' +
          'Use an odd one, or "padding": "valid"\\.$',
      ),
    ],
    [
      'does not end with a dense layer',
      JSON.stringify({ layers: [last, { type: 'batch-norm' }] }),
      /layer 2 \(batch-norm\) is the last layer\. The last layer must be a dense layer/,
    ],
    [
      'has another number of outputs than the dataset has classes',
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

  test('does not use the given flag --layers', async () => {
    const { code, stderr } = await runCli(['summary', '--model', 'cnn', '--layers', '5']);
    expect(stderr).toBe(
      'error: --layers 5 does not apply to --model cnn: leave one of them out.\n',
    );
    expect(code).toBe(2);
  });
});
