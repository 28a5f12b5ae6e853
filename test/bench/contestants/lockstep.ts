/**
 * A contestant that measures Lockstep's engine. Prints a line of JSON that maps the name of each
 * figure to a number.
 *
 *   node lockstep.ts products fused|strict
 *       GF/s of each product, packing included
 *   node lockstep.ts training MODEL BATCH V [THREADS [SECONDS]]
 *       examples/s of whole steps with V micro-batches: shuffling, gather, gradient and update
 */
import { setImmediate } from 'node:timers/promises';
import { newRunConfig } from '../../../coordinator/options/new-run.ts';
import { LocalSource } from '../../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../../coordinator/training/parameter-server.ts';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../../../shared/data/loading/load-dataset.ts';
import type { Numerics } from '../../../shared/engine/kernels.ts';
import { LayerSpec } from '../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../shared/engine/model/presets.ts';
import { openEngine, openEngineFor } from '../../../shared/host/load-engine.ts';
import { createWorkload } from '../../../shared/round/workload.ts';
import { createComputer } from '../../../shared/threads/start-threads.ts';
import { nameOf, PRODUCT_MS, PRODUCTS, type ProductCase, TRAINING_MS } from '../cases.ts';

const [, , kind, ...args] = process.argv;
const figures =
  kind === 'products' ? measureProducts(args[0] as Numerics) : await measureTraining(args);
console.log(JSON.stringify(figures));

function measureProducts(numerics: Numerics): Record<string, number> {
  const { allocate, kernels } = openEngine(numerics);
  const measure = ({ form, m, n, k }: ProductCase): number => {
    const [a, b, c] = [allocate(m * k).fill(0.5), allocate(k * n).fill(0.25), allocate(m * n)];
    const oneLeaf = Uint32Array.of(k);
    const run = {
      nn: () => kernels.matmul(a, b, c, m, n, k),
      nt: () => kernels.matmulTransposedB(a, b, c, m, n, k),
      tn: () => kernels.matmulTransposedA(a, b, c, m, n, oneLeaf),
    }[form];
    return gigaflops(run, 2 * m * n * k);
  };
  return Object.fromEntries(PRODUCTS.map((product) => [nameOf(product), measure(product)]));
}

/** The median GF/s over batches of calls, after a warm-up. One call takes `flops` operations. */
function gigaflops(run: () => void, flops: number): number {
  const repetitions = Math.max(1, Math.round(2e7 / flops));
  const times: number[] = [];
  for (let spent = 0; spent < 1.5 * PRODUCT_MS; ) {
    const startedAt = performance.now();
    for (let i = 0; i < repetitions; i++) run();
    const elapsed = performance.now() - startedAt;
    spent += elapsed;
    if (spent > 0.5 * PRODUCT_MS) times.push(elapsed / repetitions);
  }
  times.sort((x, y) => x - y);
  return flops / times[Math.floor(times.length / 2)] / 1e6;
}

/** The layers of the net that the peers train, without normalization and dropout. */
function layersOf(model: string): LayerSpec[] {
  if (model === 'mlp') return multilayerPerceptron([256, 128], 'relu', 10);
  const relu = { type: 'activation', function: 'relu' };
  const block = (filters: number) => [
    { type: 'conv2d', filters, kernel: 3 },
    relu,
    { type: 'max-pool', size: 2 },
  ];
  const layers = [
    ...block(32),
    ...block(64),
    { type: 'dense', outputs: 128 },
    relu,
    { type: 'dense', outputs: 10 },
  ];
  return layers.map((layer) => LayerSpec.parse(layer));
}

async function measureTraining([
  model,
  batch,
  microBatches,
  threadCount = '1',
  seconds = String(TRAINING_MS / 1000),
]: string[]): Promise<Record<string, number>> {
  const threads = Number(threadCount);
  const measuredMs = 1000 * Number(seconds);
  const signal = new AbortController().signal;
  const sources = coordinatorSources(process.env.LOCKSTEP_DATA_DIR);
  const manifest = await readManifest(process.env.LOCKSTEP_DATA_DIR);
  const { dataset } = await loadDataset(manifest, sources, { signal, report: () => {} });
  const options = {
    globalBatch: Number(batch),
    microBatches: Number(microBatches),
    schedule: 'constant' as const,
    validation: 0,
    audit: 0,
    checkpointInterval: 60,
    checkpointEvery: 1,
    optimizer: 'momentum' as const,
    lr: 0.01,
  };
  const input = { height: 28, width: 28, channels: 1 };
  const plan = planModel({ input, layers: layersOf(model) });
  const config = newRunConfig(options, dataset, plan, ['fused']);
  const engine = openEngineFor('fused', threads);
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload);
  const computer = createComputer(engine, config, dataset, workload, threads);
  const source = new LocalSource(computer, workload, setImmediate);
  const step = async () => {
    const { root } = await source.sum(
      { kind: 'train', step: server.step },
      server.parameters,
      signal,
    );
    server.update(root, config.globalBatch);
  };
  const warmUntil = performance.now() + measuredMs / 4;
  while (performance.now() < warmUntil) await step();
  const startedAt = performance.now();
  const before = server.step;
  while (performance.now() - startedAt < measuredMs) await step();
  const examples = (server.step - before) * config.globalBatch;
  const examplesPerSecond = (examples / (performance.now() - startedAt)) * 1000;
  computer.close?.();
  return { examplesPerSecond, megabytes: process.memoryUsage.rss() / 1e6 };
}
