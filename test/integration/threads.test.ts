import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { assert } from '../../shared/assert.ts';
import type { LayerSpec } from '../../shared/engine/layers/layer-spec.ts';
import { multilayerPerceptron } from '../../shared/engine/model/presets.ts';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { openEngine, openSharedEngine } from '../../shared/host/load-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createThreadedComputer } from '../../shared/round/threaded-computer.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createComputer, startTeam } from '../../shared/threads/start-threads.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { hashOf, toyConfig } from '../support/toy-run.ts';

const dataset = createToyDataset();
const STEPS = 6;

/** Wide enough that the threads share sums and updates, too. */
const mlp = multilayerPerceptron([600, 100], 'relu', 3);
const everything: LayerSpec[] = [
  { type: 'dense', outputs: 300 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'dropout', rate: 0.3 },
  { type: 'dense', outputs: 200 },
  { type: 'activation', function: 'gelu' },
  { type: 'dense', outputs: 3 },
];
const base = toyConfig(dataset);
const configs: [string, RunConfig][] = [
  ['a perceptron', { ...base, model: { ...base.model, layers: mlp } }],
  ['a perceptron in 16 bits', { ...base, model: { ...base.model, layers: mlp }, wire: 'bf16' }],
  [
    'a net with batch normalization, dropout, augmentation and clipping',
    {
      ...base,
      model: { ...base.model, layers: everything },
      augmentation: { ...base.augmentation, shift: 1 },
      clipNorm: 0.5,
      optimizer: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    },
  ],
];

/** The hash after some steps and evaluations with so many threads, all of which take part. */
async function hashWith(config: RunConfig, threads: number): Promise<string> {
  const engine = threads === 1 ? openEngine('strict') : openSharedEngine('strict');
  const workload = createWorkload(config, dataset);
  const computer = createComputer(engine, config, dataset, workload, threads);
  onTestFinished(() => computer.close?.());
  const server = createParameterServer(engine, config, workload);
  const source = new LocalSource(computer, workload, setImmediate);
  const { signal } = new AbortController();
  const round = (kind: 'train' | 'test') => ({ kind, step: server.step });
  await source.sum(round('train'), server.roundedParameters, signal); // the threads start
  const count = () => (isSharedEngine(engine) ? engine.shared.team.freeCount() : 1);
  for (let i = 0; count() < threads && i < 6_000; i++) await sleep(10);
  expect(count()).toBe(threads);
  const evaluations: number[] = [];
  while (server.step < STEPS) {
    const { root } = await source.sum(round('train'), server.roundedParameters, signal);
    server.update(root, workload.exampleCount(round('train'), { lo: 0, hi: 16 }));
    const evaluation = await source.sum(round('test'), server.roundedParameters, signal);
    evaluations.push(...evaluation.root);
  }
  return `${hashOf(server)} ${server.fingerprint()} ${evaluations}`;
}

describe.for(configs)('%s', ([, config]) => {
  test('has the same bits with 1, 2, 3, 4 and 7 threads', async () => {
    const one = await hashWith(config, 1);
    for (const threads of [2, 3, 4, 7]) expect(await hashWith(config, threads)).toBe(one);
  });
});

describe('when a thread ends', () => {
  const [, config] = configs[0];

  /** Three threads, of which this one is the first. */
  async function threeThreads() {
    const engine = openSharedEngine('strict');
    assert(isSharedEngine(engine), 'the fast kernels are here');
    const { team } = engine.shared;
    const workload = createWorkload(config, dataset);
    const threads = startTeam(engine, config, dataset, 3);
    onTestFinished(() => {
      for (const thread of threads) thread.end();
    });
    await Promise.all(threads.map(({ ready }) => ready));
    const own = createPartialSumComputer(engine, config, workload);
    const computer = createThreadedComputer(own, team, engine, workload);
    const { parameters } = createParameterServer(engine, config, workload);
    const sums = () => computer.compute({ kind: 'train', step: 0 }, { lo: 0, hi: 16 }, parameters);
    const sum = async () => {
      for (const partialSum of sums()) {
        if (partialSum) return [...partialSum.vector];
        await setImmediate();
      }
      return undefined;
    };
    return { team, threads, sum };
  }

  test('while it has nothing to do, the others go on to the same bits', async () => {
    const { team, threads, sum } = await threeThreads();
    const before = await sum();
    threads[0].end();
    await threads[0].ended;
    await setImmediate();
    expect(team.freeCount()).toBe(2);
    expect(await sum()).toEqual(before);
  });
});
