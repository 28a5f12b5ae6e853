import type { Engine } from '../../shared/engine/engine.ts';
import { NUMERICS, type Numerics } from '../../shared/engine/kernels.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { chooseTile, TEST_ARENA_BYTES } from '../../shared/engine/self-test/choose-tile.ts';
import { openTeamEngine } from '../../shared/engine/threads/shared-engine.ts';
import { createSharedMemory } from '../../shared/engine/wasm/arena.ts';
import { createWasmEngine } from '../../shared/engine/wasm/wasm-engine.ts';
import type { Tile } from '../../shared/engine/wasm/wasm-products.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { systemClock } from '../../shared/system-clock.ts';

/** The kernels of one kind of numerics, as this browser has them. */
interface TabKernels {
  readonly tile: Tile;
  readonly module: WebAssembly.Module;
  /** The same code for a shared memory. Undefined: threads cannot share memory here. */
  readonly shared: WebAssembly.Module | undefined;
}

/** Where the modules of one kind of numerics are. */
export interface KernelUrls {
  readonly module: URL;
  /** The same code for a shared memory; undefined where threads cannot share memory. */
  readonly shared?: URL | undefined;
}

/** The memory that the threads of a tab share, in bytes. Pages that nobody touches cost nothing. */
const SHARED_BYTES = 2 ** 31;

/** What this browser computes with. */
export interface TabEngines {
  /** The numerics that this browser keeps to the last bit, best first. */
  readonly numerics: readonly Numerics[];
  /** The tile of the fast kernels, or "plain" for kernels about 100 times slower. */
  tileOf(numerics: Numerics): Tile | 'plain';
  /**
   * An engine with memory of its own, which so many threads can share if there are fast kernels for
   * that. Throws an `ENGINE` error, or a `MEMORY` error.
   */
  open(numerics: Numerics, threads?: number): Engine;
}

/**
 * Fetches, compiles and checks the kernels. A browser without relaxed SIMD cannot compile those of
 * `fused`, and one whose multiply-add rounds twice fails their self-test.
 */
export async function loadTabEngines(
  urls: Readonly<Record<Numerics, KernelUrls>>,
): Promise<TabEngines> {
  const known = new Map<Numerics, TabKernels>();
  for (const numerics of NUMERICS) {
    const kernels = await loadKernels(numerics, urls[numerics]);
    if (kernels) known.set(numerics, kernels);
  }
  return {
    numerics: NUMERICS.filter((numerics) => numerics === 'strict' || known.has(numerics)),
    tileOf: (numerics) => known.get(numerics)?.tile ?? 'plain',
    open(numerics, threads = 1) {
      const kernels = known.get(numerics);
      if (kernels) return openKernels(kernels, numerics, threads);
      if (numerics === 'strict') return createNaiveEngine(numerics);
      throw new LockstepError('ENGINE', `this browser cannot compute with ${numerics} numerics`);
    },
  };
}

/** Undefined if this browser cannot use them. Rejects if they cannot be fetched. */
async function loadKernels(numerics: Numerics, urls: KernelUrls): Promise<TabKernels | undefined> {
  const module = await compile(await fetchBytes(urls.module));
  if (!module) return undefined;
  const memory = new WebAssembly.Memory({ initial: TEST_ARENA_BYTES / 2 ** 16 });
  const open = (tile: Tile): Engine => {
    new Uint8Array(memory.buffer).fill(0);
    return createWasmEngine(module, numerics, tile, TEST_ARENA_BYTES, memory);
  };
  const { tile } = chooseTile(numerics, open, systemClock.now);
  if (!tile) return undefined;
  const shared = urls.shared && (await compile(await fetchBytes(urls.shared)));
  return { tile, module, shared };
}

function openKernels(
  { tile, module, shared }: TabKernels,
  numerics: Numerics,
  threads: number,
): Engine {
  if (threads === 1 || !shared) return createWasmEngine(module, numerics, tile);
  const memory = createSharedMemory(SHARED_BYTES);
  return openTeamEngine({ module: shared, memory, numerics, tile }, systemClock.now);
}

async function fetchBytes(url: URL): Promise<ArrayBuffer> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return await response.arrayBuffer();
  } catch (error) {
    throw new LockstepError('NETWORK', `cannot get the kernels: ${reasonOf(error)}`);
  }
}

async function compile(bytes: ArrayBuffer): Promise<WebAssembly.Module | undefined> {
  try {
    return await WebAssembly.compile(bytes);
  } catch {
    return undefined;
  }
}
