import type { Engine } from '../engine.ts';
import type { Numerics } from '../kernels.ts';
import { createNaiveEngine } from '../naive/naive-engine.ts';
import { TILES, type Tile } from '../wasm/wasm-products.ts';
import { createSelfTest } from './self-test.ts';
import { measureTile } from './tile-benchmark.ts';

/** The memory that an engine under test needs, in bytes. */
export const TEST_ARENA_BYTES = 2 ** 22;
/** Tiles are measured in turns, so that a moment of other load does not decide between them. */
const BENCHMARK_TURNS = 4;

/** The fastest tile, or why the kernels cannot be used here. */
export type TileChoice =
  | {
      readonly tile: Tile;
      /** For each tile, the speed of one core: 10⁹ multiplications and additions per second. */
      readonly gigaflops: Readonly<Record<Tile, number>>;
    }
  | { readonly tile: undefined; readonly problem: string };

/**
 * Checks the kernels with each tile, and finds the fastest tile. `open` opens an engine with
 * {@link TEST_ARENA_BYTES}, all 0. Its engines are used one after the other. `now` returns ms.
 */
export function chooseTile(
  numerics: Numerics,
  open: (tile: Tile) => Engine,
  now: () => number,
): TileChoice {
  const selfTest = createSelfTest(createNaiveEngine(numerics));
  for (const tile of TILES) {
    const difference = selfTest(open(tile));
    if (difference) {
      const problem = `the kernels with ${tile} tiles fail the self-test at ${difference}`;
      return { tile: undefined, problem };
    }
  }
  const gigaflops = { '6x16': 0, '5x16': 0, '4x8': 0 };
  for (let turn = 0; turn < BENCHMARK_TURNS; turn++) {
    for (const tile of TILES)
      gigaflops[tile] = Math.max(gigaflops[tile], measureTile(open(tile), now));
  }
  const tile = TILES.reduce((best, each) => (gigaflops[each] > gigaflops[best] ? each : best));
  return { tile, gigaflops };
}
