/**
 * Measures the engine on one core; with `--peers` also OpenBLAS, PyTorch and TensorFlow.js, where they are installed.
 * Contestants take turns, each a process of its own; figures are medians over the rounds. Environment:
 * LOCKSTEP_BENCH_PYTHON, the Python that has PyTorch and numpy; TFJS_DIR, a folder where `@tensorflow/tfjs` and
 * `@tensorflow/tfjs-backend-wasm` are installed; LOCKSTEP_DATA_DIR, a folder with the dataset.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coordinatorSources, loadDataset, readManifest } from '../../shared/data/load-dataset.ts';
import { nameOf, PRODUCT_MS, PRODUCTS, TRAINING_MS, TRAININGS } from './cases.ts';

const { values: flags } = parseArgs({
  options: { peers: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
});
const rounds = Number(flags.rounds);
const PYTHON = process.env.LOCKSTEP_BENCH_PYTHON ?? 'python3';

type Figures = Record<string, number>;
interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
}

const contestantFile = (name: string) => fileURLToPath(new URL(`contestants/${name}`, import.meta.url));
const lockstep = (name: string, ...args: string[]): Contestant => ({
  name,
  command: [process.execPath, contestantFile('lockstep.ts'), ...args],
});
const isPinned = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** Undefined if the contestant cannot run here. */
function measure({ command }: Contestant): Figures | undefined {
  const [program, ...args] = isPinned ? ['taskset', '-c', '0', ...command] : command;
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const { status, stdout } = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 2 ** 24 });
  return status === 0 ? JSON.parse(stdout.trim().split('\n').at(-1) ?? '') : undefined;
}

/** Each contestant's medians, after they took turns. */
function compete(contestants: readonly Contestant[]): Map<string, Figures> {
  const results = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const figures = results.has(contestant.name) ? measure(contestant) : undefined;
      if (figures) results.get(contestant.name)?.push(figures);
      else if (results.delete(contestant.name)) console.log(`(${contestant.name} is not installed here)`);
    }
  }
  return new Map([...results].map(([name, all]) => [name, medians(all)]));
}

function medians(all: readonly Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(all[0] ?? {}).map((key) => {
      const values = all.map((figures) => figures[key]).sort((a, b) => a - b);
      return [key, values[Math.floor(values.length / 2)]];
    }),
  );
}

const ratio = (ours: number, theirs: number | undefined): string =>
  theirs === undefined ? '' : `${(ours / theirs).toFixed(2)}×`;

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
  console.log('\nMatrix products, GF/s of one core, packing counted (ratio to OpenBLAS)');
  const ratios: Record<string, number[]> = { fused: [], strict: [] };
  for (const { name } of cases) {
    const cells = ['fused', 'strict'].map((profile) => {
      const own = results.get(profile)?.[name] ?? Number.NaN;
      if (blas) ratios[profile].push(own / blas[name]);
      return `${profile} ${own.toFixed(0).padStart(4)} ${ratio(own, blas?.[name]).padStart(7)}`;
    });
    console.log(
      `  ${name.padEnd(18)} ${cells.join('   ')}   ${blas ? `OpenBLAS ${blas[name].toFixed(0)}` : ''}`,
    );
  }
  for (const [profile, values] of Object.entries(ratios)) {
    if (values.length === 0) continue;
    const geometric = Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    console.log(
      `  ${profile}: geometric mean ${geometric.toFixed(2)}×, least ${Math.min(...values).toFixed(2)}×`,
    );
  }
}

function benchTraining(directory: string): void {
  console.log('\nWhole training steps with shuffling, examples/s of one core');
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
    console.log(`  ${model.padEnd(4)} B = ${size.padEnd(4)} ${parts.join('   ')}   ${megabytes} MB resident`);
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
  const place = `${cpus()[0]?.model}, ${availableParallelism()} cores${isPinned ? ', pinned to the first' : ''}`;
  console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} rounds, taken in turns`);
  benchProducts();
  benchTraining(directory);
} finally {
  rmSync(directory, { recursive: true });
}
