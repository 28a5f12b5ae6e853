import { readFileSync } from 'node:fs';
import type { Engine } from '../engine/engine.ts';
import { NUMERICS, type Numerics } from '../engine/kernels.ts';
import { createNaiveEngine } from '../engine/naive/naive-engine.ts';
import { chooseTile, TEST_ARENA_BYTES } from '../engine/self-test/choose-tile.ts';
import { openTeamEngine, type SharedEngine } from '../engine/threads/shared-engine.ts';
import {
  ARENA_BYTES,
  createSharedMemory,
  reserveMemory,
  SHARED_BYTES,
} from '../engine/wasm/arena.ts';
import { createWasmEngine } from '../engine/wasm/wasm-engine.ts';
import { TILES, type Tile } from '../engine/wasm/wasm-products.ts';
import { LockstepError, reasonOf } from '../errors.ts';
import { systemClock } from '../system-clock.ts';
import { handedOver, handOver } from './handed-over.ts';
import { nameOfTested } from './tested-kernels.ts';
import { setV8Flags } from './v8-flags.ts';

/** The kernels with which this machine computes, for one kind of numerics. */
export interface EngineReport {
  readonly numerics: Numerics;
  /** The register tile of the fast kernels, or `plain` for kernels about 100 times slower. */
  readonly tile: Tile | 'plain';
  /** For each tile, the speed of one core: 10⁹ multiplications and additions per second. */
  readonly gigaflops: Partial<Record<Tile, number>>;
  /** The reason why the kernels are plain. Undefined if they are fast. */
  readonly problem: string | undefined;
}

interface LoadedEngine extends EngineReport {
  readonly create: (arenaBytes: number) => Engine;
  /** The last engine that was created, unless nobody uses it any more. */
  last?: WeakRef<Engine>;
  /** The bytes of the WebAssembly module. Undefined for plain kernels. */
  readonly kernels?: Uint8Array;
}

const loaded = new Map<Numerics, LoadedEngine>();
/**
 * The memory in which the kernels were tested. The first engine takes it. Where the address space
 * is limited, there is often room for one memory, and not for a second.
 */
let testMemory: WebAssembly.Memory | undefined;
const TESTED_VARIABLE = 'LOCKSTEP_TESTED_KERNELS';

/** Describes the kernels for `numerics`. Each process compiles, checks and measures them once. */
export function describeEngine(numerics: Numerics): EngineReport {
  return load(numerics);
}

/**
 * The numerics that this machine can compute: `strict` always, and `fused` if its fast kernels pass
 * the self-test. They pass only if the machine's multiply-add rounds once.
 */
export function availableNumerics(): Numerics[] {
  return NUMERICS.filter((numerics) => numerics === 'strict' || load(numerics).tile !== 'plain');
}

/** A line for people if this machine, which computes with `numerics`, could be faster. */
export function engineNotice(numerics: Numerics): string | undefined {
  const { problem } = load(numerics);
  if (problem !== undefined)
    return `computing with plain kernels, about 100 times slower: ${problem}`;
  const [best] = availableNumerics();
  const { problem: reason } = load('fused');
  return best === 'fused' || reason === undefined
    ? undefined
    : `computing with strict numerics instead of fused: ${reason}`;
}

/**
 * Creates an engine with its own memory. If the system refuses another memory, this is an engine
 * that is in use: its buffers then come from one memory. Throws an `ENGINE` error for numerics that
 * this machine cannot compute, and a `MEMORY` error if the system refuses the first memory.
 */
export function openEngine(numerics: Numerics, arenaBytes: number = ARENA_BYTES): Engine {
  const engine = load(numerics);
  const { problem } = engine;
  if (numerics === 'fused' && problem !== undefined) {
    throw new LockstepError(
      'ENGINE',
      `this machine cannot compute with --numerics fused: ${problem}. ` +
        'A new run on it can use --numerics strict.',
    );
  }
  try {
    const created = engine.create(arenaBytes);
    engine.last = new WeakRef(created);
    return created;
  } catch (error) {
    const shared = engine.last?.deref();
    if (!shared || !(error instanceof LockstepError)) throw error;
    return shared;
  }
}

/**
 * Creates an engine for several threads, with a team that has no threads yet; see
 * `start-threads.ts`. Where there are only plain kernels, or no room for a shared memory, it is an
 * ordinary engine. Throws as `openEngine` does.
 */
export function openSharedEngine(numerics: Numerics): Engine | SharedEngine {
  const { tile, problem } = load(numerics);
  if (tile === 'plain' || problem !== undefined) return openEngine(numerics);
  const memory = sharedMemoryIfRoom();
  if (!memory) return openEngine(numerics);
  const module = compileShared(numerics);
  return openTeamEngine({ module, memory, numerics, tile }, systemClock.now);
}

function sharedMemoryIfRoom(): WebAssembly.Memory | undefined {
  try {
    return createSharedMemory(SHARED_BYTES);
  } catch (error) {
    if (error instanceof LockstepError) return undefined;
    throw error;
  }
}

/** The engine for a computer of so many threads. Throws as `openEngine` does. */
export const openEngineFor = (numerics: Numerics, threadCount: number): Engine =>
  (threadCount > 1 ? openSharedEngine : openEngine)(numerics);

const sharedModules = new Map<Numerics, WebAssembly.Module>();

/** The module for shared memory. It has the same code as the one that was tested. */
function compileShared(numerics: Numerics): WebAssembly.Module {
  const known = sharedModules.get(numerics);
  if (known) return known;
  const module = new WebAssembly.Module(kernelsOf(`${numerics}-shared`));
  sharedModules.set(numerics, module);
  return module;
}

const kernelsOf = (name: string): Uint8Array =>
  readFileSync(new URL(`../engine/assembly/${name}.wasm`, import.meta.url));

/**
 * Environment variables for a child process on this machine. They tell the child which kernels it
 * need not test again.
 */
export function handOverTested(): Record<string, string> {
  const names = [...loaded.values()].flatMap(({ kernels, tile }) =>
    kernels && tile !== 'plain' ? [nameOfTested(kernels, tile)] : [],
  );
  return handOver(TESTED_VARIABLE, names);
}

function load(numerics: Numerics): LoadedEngine {
  const known = loaded.get(numerics);
  if (known) return known;
  const engine = compile(numerics);
  loaded.set(numerics, engine);
  return engine;
}

/** The memory for the next test, all 0. */
function clearedTestMemory(): WebAssembly.Memory {
  testMemory ??= reserveMemory();
  new Uint8Array(testMemory.buffer, 0, TEST_ARENA_BYTES).fill(0);
  return testMemory;
}

function takeTestMemory(): WebAssembly.Memory | undefined {
  const memory = testMemory && clearedTestMemory();
  testMemory = undefined;
  return memory;
}

function compile(numerics: Numerics): LoadedEngine {
  const plain = (problem: string): LoadedEngine => ({
    numerics,
    problem,
    tile: 'plain',
    gigaflops: {},
    create: () => createNaiveEngine(numerics),
  });
  try {
    const kernels = kernelsOf(numerics);
    setV8Flags();
    const module = new WebAssembly.Module(kernels);
    const open = (tile: Tile) =>
      createWasmEngine(module, numerics, tile, TEST_ARENA_BYTES, clearedTestMemory());
    const fast = (tile: Tile, gigaflops: EngineReport['gigaflops']): LoadedEngine => ({
      numerics,
      tile,
      gigaflops,
      problem: undefined,
      kernels,
      create: (arenaBytes) =>
        createWasmEngine(module, numerics, tile, arenaBytes, takeTestMemory()),
    });
    const names = handedOver(TESTED_VARIABLE);
    const tested = TILES.find((tile) => names.includes(nameOfTested(kernels, tile)));
    if (tested) return fast(tested, {});
    const choice = chooseTile(numerics, open, systemClock.now);
    return choice.tile ? fast(choice.tile, choice.gigaflops) : plain(choice.problem);
  } catch (error) {
    if (error instanceof LockstepError) return plain(error.message);
    return plain(`the kernels cannot be used (${reasonOf(error)}): build them with npm run build`);
  }
}
