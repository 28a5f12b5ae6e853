/**
 * A contestant that measures Lockstep as users run it: a coordinator and its workers on this
 * machine.
 *
 *   node lockstep-train.ts MODEL GLOBAL-BATCH SECONDS [FLAG…]
 *
 * Prints a line of JSON with the examples/s. The time of a step runs from the end of the previous
 * step to its own end. Evaluations are left out.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StepTiming } from '../../../coordinator/reporting/step-timings.ts';
import { timedSteps } from '../../../coordinator/training/step-breakdown.ts';
import { assert } from '../../../shared/assert.ts';

const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));
const WARM_UP_MS = 3000;
const block = (filters: number) => [
  { type: 'conv2d', filters, kernel: 3 },
  { type: 'activation', function: 'relu' },
  { type: 'max-pool', size: 2 },
];
const dense = (outputs: number) => ({ type: 'dense', outputs });
/** The convolutional net of the peers. The preset `cnn` has more layers. */
const CNN = {
  layers: [
    ...block(32),
    ...block(64),
    { type: 'flatten' },
    dense(128),
    { type: 'activation', function: 'relu' },
    dense(10),
  ],
};

const [model, globalBatch, seconds, ...more] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
const modelFile = join(folder, 'cnn.json');
await writeFile(modelFile, JSON.stringify(CNN));
const child = spawn(
  process.execPath,
  [
    ...[
      CLI,
      'train',
      '--model',
      model === 'cnn' ? modelFile : model,
      '--global-batch',
      globalBatch,
    ],
    ...['--optimizer', 'momentum', '--epochs', '100000', ...more],
    ...['--out', join(folder, 'run'), '--json'],
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const started = Promise.withResolvers<string>();
let url = '';
createInterface({ input: child.stdout }).on('line', (line) => {
  const event = JSON.parse(line);
  if (event.event === 'listening') url = event.url.replace('ws:', 'http:');
  if (event.event === 'progress') started.resolve(url);
});
const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
child.once('close', (code) => started.reject(new Error(`lockstep train ended with code ${code}`)));

try {
  const stepsAfter = async (step: number): Promise<StepTiming[]> => {
    const response = await fetch(`${await started.promise}/api/steps?after=${step}`);
    return ((await response.json()) as { steps: StepTiming[] }).steps;
  };
  await started.promise;
  await sleep(WARM_UP_MS);
  const from = (await stepsAfter(-1)).at(-1)?.step;
  assert(from !== undefined, 'progress is reported after a step');
  await sleep(Number(seconds) * 1000);
  const steps = timedSteps(await stepsAfter(from));
  const examples = steps.reduce((sum, step) => sum + step.examples, 0);
  const milliseconds = steps.reduce((sum, step) => sum + step.wholeMs, 0);
  console.log(JSON.stringify({ examplesPerSecond: (examples / milliseconds) * 1000 }));
} finally {
  child.kill('SIGKILL'); // the workers end with the coordinator
  await ended;
  await rm(folder, { recursive: true, force: true });
}
