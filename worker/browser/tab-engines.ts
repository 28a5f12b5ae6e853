import type { Engine } from '../../shared/engine/engine.ts';
import { NUMERICS, type Numerics } from '../../shared/engine/kernels.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { chooseTile, TEST_ARENA_BYTES } from '../../shared/engine/self-test/choose-tile.ts';
import { createWasmEngine } from '../../shared/engine/wasm/wasm-engine.ts';
import type { Tile } from '../../shared/engine/wasm/wasm-products.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { systemClock } from '../../shared/system-clock.ts';

/** The kernels of one kind of numerics, as this browser has them. */
interface TabKernels {
  readonly tile: Tile;
  readonly open: () => Engine;
}

/** What this browser computes with. */
export interface TabEngines {
  /** The numerics that this browser keeps to the last bit, best first. */
  readonly numerics: readonly Numerics[];
  /** The tile of the fast kernels, or "plain" for kernels about 100 times slower. */
  tileOf(numerics: Numerics): Tile | 'plain';
  /** An engine with memory of its own. Throws an `ENGINE` error, or a `MEMORY` error. */
  open(numerics: Numerics): Engine;
}

/**
 * Fetches, compiles and checks the kernels. A browser without relaxed SIMD cannot compile those of
 * `fused`, and one whose multiply-add rounds twice fails their self-test.
 */
export async function loadTabEngines(urls: Readonly<Record<Numerics, URL>>): Promise<TabEngines> {
  const known = new Map<Numerics, TabKernels>();
  for (const numerics of NUMERICS) {
    const kernels = await loadKernels(numerics, urls[numerics]);
    if (kernels) known.set(numerics, kernels);
  }
  return {
    numerics: NUMERICS.filter((numerics) => numerics === 'strict' || known.has(numerics)),
    tileOf: (numerics) => known.get(numerics)?.tile ?? 'plain',
    open(numerics) {
      const kernels = known.get(numerics);
      if (kernels) return kernels.open();
      if (numerics === 'strict') return createNaiveEngine(numerics);
      throw new LockstepError('ENGINE', `this browser cannot compute with ${numerics} numerics`);
    },
  };
}

/** Undefined if this browser cannot use them. Rejects if they cannot be fetched. */
async function loadKernels(numerics: Numerics, url: URL): Promise<TabKernels | undefined> {
  const module = await compile(await fetchBytes(url));
  if (!module) return undefined;
  const memory = new WebAssembly.Memory({ initial: TEST_ARENA_BYTES / 2 ** 16 });
  const open = (tile: Tile): Engine => {
    new Uint8Array(memory.buffer).fill(0);
    return createWasmEngine(module, numerics, tile, TEST_ARENA_BYTES, memory);
  };
  const { tile } = chooseTile(numerics, open, systemClock.now);
  return tile && { tile, open: () => createWasmEngine(module, numerics, tile) };
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
