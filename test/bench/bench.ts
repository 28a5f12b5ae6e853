/**
 * Measures the engine on one core. With `--peers`, also measures OpenBLAS, PyTorch and
 * TensorFlow.js where they are installed. Contestants take turns, each in its own process. Figures
 * are medians over the rounds.
 *
 * Environment variables:
 *
 * - LOCKSTEP_BENCH_PYTHON: the Python that has PyTorch and numpy
 * - TFJS_DIR: a folder where `@tensorflow/tfjs` and `@tensorflow/tfjs-backend-wasm` are installed
 * - LOCKSTEP_DATA_DIR: a folder with the dataset
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../../shared/data/loading/load-dataset.ts';
import { nameOf, PRODUCT_MS, PRODUCTS, TRAINING_MS, TRAININGS } from './cases.ts';
import {
  type Contestant,
  canPin,
  contestantFile,
  PYTHON,
  place,
  ratio,
  takeTurns,
} from './take-turns.ts';

const { values: flags } = parseArgs({
  options: { peers: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
});
const rounds = Number(flags.rounds);

const lockstep = (name: string, ...args: string[]): Contestant => ({
  name,
  command: [process.execPath, contestantFile('lockstep.ts'), ...args],
});
const environment = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
const compete = (contestants: readonly Contestant[]) =>
  takeTurns(contestants, { rounds, isPinned: true, environment });

function benchProducts(): void {
  const cases = PRODUCTS.map((product) => ({ ...product, name: nameOf(product), ms: PRODUCT_MS }));
  const results = compete([
    lockstep('fused', 'products', 'fused'),
    lockstep('strict', 'products', 'strict'),
    ...(flags.peers
      ? [
          {
            name: 'OpenBLAS',
            command: [PYTHON, contestantFile('peers.py'), 'products', JSON.stringify(cases)],
          },
        ]
      : []),
  ]);
  const blas = results.get('OpenBLAS');
  console.log('\nMatrix products, GF/s on one core, packing included (ratio to OpenBLAS)');
  const ratios: Record<string, number[]> = { fused: [], strict: [] };
  for (const { name } of cases) {
    const cells = ['fused', 'strict'].map((profile) => {
      const own = results.get(profile)?.[name] ?? Number.NaN;
      if (blas) ratios[profile].push(own / blas[name]);
      return `${profile} ${own.toFixed(0).padStart(4)} ${ratio(own, blas?.[name]).padStart(7)}`;
    });
    console.log(
      `  ${name.padEnd(18)} ${cells.join('   ')}   ` +
        (blas ? `OpenBLAS ${blas[name].toFixed(0)}` : ''),
    );
  }
  for (const [profile, values] of Object.entries(ratios)) {
    if (values.length === 0) continue;
    const geometric = Math.exp(
      values.reduce((sum, value) => sum + Math.log(value), 0) / values.length,
    );
    console.log(
      `  ${profile}: geometric mean ${geometric.toFixed(2)}×, ` +
        `minimum ${Math.min(...values).toFixed(2)}×`,
    );
  }
}

function benchTraining(directory: string): void {
  console.log('\nWhole training steps, shuffling included, examples/s on one core');
  for (const { model, batch } of TRAININGS) {
    const size = String(batch);
    const ms = String(TRAINING_MS);
    const peers = [
      {
        name: 'PyTorch',
        command: [PYTHON, contestantFile('peers.py'), 'training', model, size, ms, directory],
      },
      ...(model === 'mlp'
        ? [
            {
              name: 'TensorFlow.js',
              command: [process.execPath, contestantFile('tfjs.ts'), size, ms, directory],
            },
          ]
        : []),
    ];
    const results = compete([
      lockstep('V = 16', 'training', model, size, '16'),
      lockstep('V = 1', 'training', model, size, '1'),
      ...(flags.peers ? peers : []),
    ]);
    const speed = (name: string) => results.get(name)?.examplesPerSecond;
    const own = speed('V = 16') ?? Number.NaN;
    const parts = ['V = 16', 'V = 1', 'PyTorch', 'TensorFlow.js'].flatMap((name) => {
      const value = speed(name);
      if (value === undefined) return [];
      const note = name === 'V = 16' ? '' : ` (${ratio(own, value)})`;
      return [`${name} ${value.toFixed(0)}${note}`];
    });
    const megabytes = results.get('V = 16')?.megabytes.toFixed(0);
    console.log(
      `  ${model.padEnd(4)} B = ${size.padEnd(4)} ${parts.join('   ')}   ${megabytes} MB resident`,
    );
  }
}

const signal = new AbortController().signal;
const manifest = await readManifest(process.env.LOCKSTEP_DATA_DIR);
const sources = coordinatorSources(process.env.LOCKSTEP_DATA_DIR);
const { contents } = await loadDataset(manifest, sources, { signal, report: () => {} });
const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
try {
  writeFileSync(join(directory, 'images'), contents.trainImages);
  writeFileSync(join(directory, 'labels'), contents.trainLabels);
  console.log(
    `${place}${canPin ? ', pinned to the first core' : ''}; Node ${process.versions.node}; ` +
      `medians of ${rounds} rounds in turns`,
  );
  benchProducts();
  benchTraining(directory);
} finally {
  rmSync(directory, { recursive: true });
}
