import { assert } from '../../assert.ts';
import type { Engine } from '../engine.ts';
import type { Numerics } from '../kernels.ts';
import { type Arena, openSharedArena } from '../wasm/arena.ts';
import { openWasmEngine } from '../wasm/wasm-engine.ts';
import type { Tile } from '../wasm/wasm-products.ts';
import { splitExports } from './split-exports.ts';
import { createThreadTeam, type GrowingTeam } from './thread-team.ts';

/** An engine whose memory other threads can use too. */
export interface SharedEngine extends Engine {
  readonly shared: SharedParts & { readonly arena: Arena; readonly team: GrowingTeam };
}

/** What a thread needs to open the same engine. */
export interface SharedParts {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly numerics: Numerics;
  readonly tile: Tile;
}

export const isSharedEngine = (engine: Engine): engine is SharedEngine => 'shared' in engine;

/**
 * An engine in a shared memory, with a team that has no threads yet. `now` returns milliseconds.
 * Throws a `MEMORY` error if the memory is too small.
 */
export function openTeamEngine(parts: SharedParts, now: () => number): SharedEngine {
  const { module, memory, numerics, tile } = parts;
  const arena = openSharedArena(memory);
  let team: GrowingTeam | undefined;
  const engine = openWasmEngine(module, numerics, tile, arena, (own) => {
    team = createThreadTeam(Object.keys(own), ({ name, args }) => own[name](...args), now);
    return splitExports(own, team);
  });
  assert(team !== undefined, 'the exports were split');
  return { ...engine, shared: { module, memory, numerics, tile, arena, team } };
}
