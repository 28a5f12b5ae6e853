import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runToDone, startCli } from '../support/processes/cli.ts';
import {
  checkVectors,
  DENSE_AND_CONVOLUTIONAL,
  NEEDS_PYTHON,
  python,
  startPythonWorker,
} from '../support/processes/python-worker.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

/** Every type of layer and every function. */
const LAYERS = [
  { type: 'conv2d', filters: 3, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'gelu' },
  { type: 'max-pool', size: 2 },
  { type: 'conv2d', filters: 2, kernel: 2, stride: 1, padding: 'valid' },
  { type: 'activation', function: 'leaky-relu' },
  { type: 'average-pool', size: 1 },
  { type: 'flatten' },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', outputs: 5 },
  { type: 'activation', function: 'softplus' },
  { type: 'dense', outputs: 4 },
  { type: 'activation', function: 'tanh' },
  { type: 'dense', outputs: 4 },
  { type: 'activation', function: 'sigmoid' },
  { type: 'dense', outputs: 4 },
  { type: 'activation', function: 'relu' },
  { type: 'dense', outputs: 3 },
];

const CONVOLUTIONAL_LAYERS = [
  { type: 'conv2d', filters: 3, kernel: 3 },
  { type: 'activation', function: 'relu' },
  { type: 'max-pool', size: 2 },
  { type: 'dense', outputs: 3 },
];

/** The flags of a run on the toy dataset. The model `every` has all of {@link LAYERS}. */
function runFlags(model: 'dense' | 'conv' | 'every', flags: readonly string[]): string[] {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  const file = join(folder, 'layers.json');
  const layers = model === 'conv' ? CONVOLUTIONAL_LAYERS : LAYERS;
  writeFileSync(file, JSON.stringify({ layers }));
  const models = {
    dense: ['--layers', '7', '--activation', 'tanh'],
    conv: ['--model', file],
    every: ['--model', file, '--augment', 'flip,shift=1,erase=0.5'],
  };
  const size = ['--global-batch', '90', '--validation', '280'];
  return ['--data-dir', folder, ...size, ...models[model], ...flags];
}

describe.skipIf(!python)(`a worker in Python ends with the same bits ${NEEDS_PYTHON}`, () => {
  const small = ['--micro-batches', '7', '--label-smoothing', '0.1'];
  test.for([
    ['dense', ['--numerics', 'strict', '--wire', 'f32', '--micro-batches', '16']],
    ['dense', ['--numerics', 'fused', '--wire', 'bf16', '--micro-batches', '17']],
    ['dense', ['--numerics', 'strict', '--loss', 'squared-error', '--seed', String(2 ** 53 - 1)]],
    ['dense', ['--class-weights', '1,2.3,0.7', '--average', '0.9']],
    ['every', [...small, '--numerics', 'strict', '--wire', 'bf16']],
    ['every', [...small, '--numerics', 'fused', '--seed', '5000000000']],
  ] as const)('alone, with the model %s and the flags %j', async ([model, flags]) => {
    const args = runFlags(model, [...flags, '--epochs', '2']);
    const run = startCli(['coordinator', ...args, '--port', '0', '--json']);
    const { url } = await run.next('listening');
    const worker = startPythonWorker(url);
    const { parametersSha256 } = await run.next('done');
    expect(await worker.ended).toMatchObject({ code: 0 });
    const local = await runToDone(['train', ...args, '--workers', '0']);
    expect(parametersSha256).toBe(local.parametersSha256);
  });

  test('beside a Node worker, with audits, when another Python worker is killed', async () => {
    const args = runFlags('dense', ['--micro-batches', '16', '--epochs', '40']);
    const run = startCli([
      'coordinator',
      ...args,
      ...['--port', '0', '--json', '--audit', '1', '--min-workers', '3'],
    ]);
    const { url } = await run.next('listening');
    startCli(['worker', url]);
    const [worker, victim] = [startPythonWorker(url), startPythonWorker(url)];
    await run.next('epoch');
    victim.child.kill('SIGKILL');
    const { parametersSha256 } = await run.next('done');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(JSON.stringify(run.events())).not.toContain('wrong');
    const local = await runToDone(['train', ...args, '--workers', '0']);
    expect(parametersSha256).toBe(local.parametersSha256);
  });

  test('and computes every conformance vector', () => {
    expect(checkVectors()).toMatch(/^(\d+) of \1 vectors agree$/m);
  });

  test('and computes those of dense and convolutional nets with what they need', () => {
    const printed = checkVectors(DENSE_AND_CONVOLUTIONAL);
    expect(printed).toMatch(/^(\d+) of \1 vectors agree, \d+ skipped$/m);
    expect(printed).toContain('random, strict, f32 skipped: this worker has no batch-norm, only');
    expect(printed).not.toMatch(/perceptron, |average pooling, /);
  });

  test.for([
    ['computes a convolutional net', 'conv', 0, ''],
    ['names a layer that it does not know', 'every', 1, 'no batch-norm, only dense, conv2d, '],
  ] as const)('and with what they need it %s', async ([, model, exitCode, reason]) => {
    const args = runFlags(model, ['--epochs', '1']);
    const run = startCli(['coordinator', ...args, '--port', '0', '--json']);
    const { url } = await run.next('listening');
    const worker = startPythonWorker(url, DENSE_AND_CONVOLUTIONAL);
    const { code, output } = await worker.ended;
    expect(code).toBe(exitCode);
    expect(output).toContain(reason);
    if (exitCode !== 0) return;
    const { parametersSha256 } = await run.next('done');
    const local = await runToDone(['train', ...args, '--workers', '0']);
    expect(parametersSha256).toBe(local.parametersSha256);
  });

  test.for([
    [
      'a wrong constant in exp',
      { file: 'arithmetic.py', before: '5.0000001201e-1', after: '5.0001e-1' },
      /: layer 3 \(dense\) agrees, but the loss differs by up to \d+ units in the last place, in /,
    ],
    [
      'fused products in a strict run',
      { file: 'arithmetic.py', before: "'strict': strict", after: "'strict': fused" },
      /: the input agrees, but layer 1 \(dense\) differs by up to \d+ units in the last place, in /,
    ],
    [
      'leaves that are added one after the other',
      {
        file: 'arithmetic.py',
        before: 'return lo + (1 << ((hi - lo - 1).bit_length() - 1))',
        after: 'return hi - 1',
      },
      /: the sum of micro-batch 16 agrees, but the sum of all micro-batches differs by up to \d+/,
    ],
  ] as const)('and is refused at the door with %s', async ([, change, reason]) => {
    const args = runFlags('dense', ['--numerics', 'strict', '--activation', 'relu']);
    const run = startCli(['coordinator', ...args, '--port', '0', '--json']);
    const { url } = await run.next('listening');
    const worker = startPythonWorker(url, change);
    const { code, output } = await worker.ended;
    expect(code).toBe(1);
    expect(output).toMatch(/REFUSED: its bits differ from those of this run: /);
    expect(output).toMatch(reason);
    expect(output).not.toContain('Joined');
    const { message } = await run.next('notice', (notice) => notice.code === 'refused');
    expect(message).toMatch(reason);
    expect(run.events()).not.toContainEqual(expect.objectContaining({ event: 'worker' }));
  });

  test('and leaves in order when it is asked to', async () => {
    const args = runFlags('dense', ['--micro-batches', '16', '--epochs', '10000']);
    const run = startCli(['coordinator', ...args, '--port', '0', '--json']);
    const { url } = await run.next('listening');
    const worker = startPythonWorker(url);
    await run.next('epoch');
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    const left = await run.next('worker', ({ state }) => state === 'left');
    expect(left).toMatchObject({ reason: 'drained' });
  });
});
