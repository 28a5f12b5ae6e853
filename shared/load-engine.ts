import { readFileSync } from 'node:fs';
import { createNaiveEngine, type Engine } from './engine/engine.ts';
import { NUMERICS, type Numerics } from './engine/kernels.ts';
import { createSelfTest } from './engine/self-test.ts';
import { measureTile } from './engine/tile-benchmark.ts';
import { createWasmEngine } from './engine/wasm-engine.ts';
import { TILES, type Tile } from './engine/wasm-products.ts';
import { LockstepError, reasonOf } from './errors.ts';
import { nameOfTested } from './tested-kernels.ts';
import { setV8Flags } from './v8-flags.ts';

/** What this machine computes a profile with. */
export interface EngineReport {
  readonly numerics: Numerics;
  /** The register tile of the fast kernels, or that there are none: the plain ones, some hundred times slower. */
  readonly tile: Tile | 'plain';
  /** 10⁹ multiplications and additions a second of one core, for each tile. */
  readonly gigaflops: Partial<Record<Tile, number>>;
  /** Why it is not a fast one; undefined if it is. */
  readonly problem: string | undefined;
}

interface LoadedEngine extends EngineReport {
  readonly create: () => Engine;
  /** The compiled module's source; undefined for plain kernels. */
  readonly kernels?: Uint8Array;
}

const TEST_ARENA_BYTES = 2 ** 22;

const loaded = new Map<Numerics, LoadedEngine>();
const TESTED_VARIABLE = 'LOCKSTEP_TESTED_KERNELS';

/** What a profile is computed with here; compiled, checked and measured once a process. */
export function describeEngine(numerics: Numerics): EngineReport {
  return load(numerics);
}

/** The profiles that this machine can keep: `strict` always, `fused` if its multiply-add rounds once. */
export function availableNumerics(): Numerics[] {
  return NUMERICS.filter((numerics) => numerics === 'strict' || load(numerics).tile !== 'plain');
}

/** A line for people if this machine does not compute as fast as it could; `numerics` is what it computes. */
export function engineNotice(numerics: Numerics): string | undefined {
  const { problem } = load(numerics);
  if (problem !== undefined) return `computing with plain kernels, some hundred times slower: ${problem}`;
  const [best] = availableNumerics();
  const { problem: reason } = load('fused');
  return best === 'fused' || reason === undefined ? undefined : `computing strict, not fused: ${reason}`;
}

/** A new engine with its own memory. Throws an `ENGINE` error for a profile that this machine cannot keep. */
export function openEngine(numerics: Numerics): Engine {
  const { problem, create } = load(numerics);
  if (numerics === 'fused' && problem !== undefined) {
    throw new LockstepError(
      'ENGINE',
      `this machine cannot compute with --numerics fused: ${problem}. A run of its own can be strict.`,
    );
  }
  return create();
}

/** For the environment of a process that this one starts on this machine: what it need not test again. */
export function handOverTested(): Record<string, string> {
  const names = [...loaded.values()].flatMap(({ kernels, tile }) =>
    kernels && tile !== 'plain' ? [nameOfTested(kernels, tile)] : [],
  );
  return { [TESTED_VARIABLE]: `${process.pid}:${names.join()}` };
}

/** The names that the parent process handed over; whoever else set or inherited the variable is not believed. */
function handedOver(): string[] {
  const [pid, names = ''] = (process.env[TESTED_VARIABLE] ?? '').split(':');
  return Number(pid) === process.ppid ? names.split(',') : [];
}

function load(numerics: Numerics): LoadedEngine {
  const known = loaded.get(numerics);
  if (known) return known;
  const engine = compile(numerics);
  loaded.set(numerics, engine);
  return engine;
}

function compile(numerics: Numerics): LoadedEngine {
  const plain = (problem: string): LoadedEngine => ({
    ...{ numerics, problem, tile: 'plain', gigaflops: {} },
    create: () => createNaiveEngine(numerics),
  });
  try {
    const kernels = readFileSync(new URL(`engine/assembly/${numerics}.wasm`, import.meta.url));
    setV8Flags();
    const module = new WebAssembly.Module(kernels);
    const open = (tile: Tile) => createWasmEngine(module, numerics, tile, TEST_ARENA_BYTES);
    const fast = (tile: Tile, gigaflops: EngineReport['gigaflops']): LoadedEngine => ({
      ...{ numerics, tile, gigaflops, problem: undefined, kernels },
      create: () => createWasmEngine(module, numerics, tile),
    });
    const names = handedOver();
    const tested = TILES.find((tile) => names.includes(nameOfTested(kernels, tile)));
    if (tested) return fast(tested, {});
    const selfTest = createSelfTest(createNaiveEngine(numerics));
    for (const tile of TILES) {
      const difference = selfTest(open(tile));
      if (difference) return plain(`the kernels with ${tile} tiles fail the self-test at ${difference}`);
    }
    const measured = TILES.map((tile) => [tile, measureTile(open(tile))] as const);
    const [fastest] = measured.reduce((best, other) => (other[1] > best[1] ? other : best));
    return fast(fastest, Object.fromEntries(measured));
  } catch (error) {
    return plain(`the kernels cannot be used (${reasonOf(error)}): build them with npm run build`);
  }
}
