import { assert } from '../assert.ts';
import { ARENA_BYTES, type Arena, createArena } from './arena.ts';
import type { Engine } from './engine.ts';
import {
  ACTIVATIONS,
  type Kernels,
  type LeafSizes,
  type LossKernel,
  type Numerics,
  type Update,
} from './kernels.ts';
import { rowCount } from './layer.ts';

/** Register tiles of matrix multiplication, rows × columns. Which one is fastest depends on the machine. */
export const TILES = ['6x16', '5x16', '4x8'] as const;
export type Tile = (typeof TILES)[number];

/** More levels than any reduction tree has. */
const TREE_LEVELS_MAX = 33;
const FLOAT_BYTES = 4;

type Exported = Record<string, (...args: number[]) => number>;

/** Kernels of one profile, compiled: `assembly/` has their source. `arenaBytes` is a multiple of 64 KiB. */
export function createWasmEngine(
  module: WebAssembly.Module,
  numerics: Numerics,
  tile: Tile,
  arenaBytes: number = ARENA_BYTES,
): Engine {
  // The modules' own data lies in the first page.
  const arena = createArena(65_536, arenaBytes);
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
  const exported = instance.exports as unknown as Exported;
  assert(exported.dataEnd() <= 65_536, 'the data of the module fits its page');
  const address = (buffer: Float32Array | Uint8Array): number => {
    assert(buffer.buffer === arena.memory.buffer, 'kernels take buffers of their own engine');
    return buffer.byteOffset;
  };
  return {
    numerics,
    kernels: {
      ...createMatrixKernels(exported, arena, tile, address),
      ...createElementKernels(exported, address),
    },
    allocate: arena.floats,
    allocateBytes: arena.bytes,
  };
}

type MatrixKernels = Pick<Kernels, 'matmul' | 'matmulTransposedA' | 'matmulTransposedB' | 'sumRows'>;
type Address = (buffer: Float32Array | Uint8Array) => number;

/** The products: all are one loop over tiles, which finds its operands through tables; see `assembly/`. */
function createMatrixKernels(exported: Exported, arena: Arena, tile: Tile, address: Address): MatrixKernels {
  const multiply = exported[`multiply${tile}`];
  const [height, width] = tile.split('x').map(Number);
  const { rowTable, leafTables } = createOperandTables(arena);
  const panels = createBuffer(arena.floats);
  const stack = arena.floats(TREE_LEVELS_MAX * height * width).byteOffset;
  const one = arena.floats(1);
  one[0] = 1;

  /**
   * c [m, n] = the sum over k of a's value times b's, where a's rows begin `rowBytes` apart and their values lie
   * `stepBytes` apart. The k values are the leaves' one after the other.
   */
  function product(
    { a, rowBytes, stepBytes }: { a: Float32Array; rowBytes: number; stepBytes: number },
    { b, packing }: { b: Float32Array; packing: 'pack' | 'packTransposed' },
    c: Float32Array,
    [m, n]: readonly [number, number],
    leafSizes: LeafSizes,
  ): void {
    const k = rowCount(leafSizes);
    const packed = panels(k * (n + width)).byteOffset;
    exported[packing](address(b), k, n, width, packed);
    const { runs, leaves } = leafTables(leafSizes, stepBytes);
    multiply(
      ...([address(a), rowTable(m, rowBytes), m, runs, leaves, leafSizes.length, stepBytes] as const),
      ...([packed, k * width * FLOAT_BYTES, n, address(c), stack] as const),
    );
  }

  return {
    matmul(a, b, c, m, n, k) {
      const rows = { a, rowBytes: k * FLOAT_BYTES, stepBytes: FLOAT_BYTES };
      product(rows, { b, packing: 'pack' }, c, [m, n], Uint32Array.of(k));
    },
    matmulTransposedB(a, b, c, m, n, k) {
      const rows = { a, rowBytes: k * FLOAT_BYTES, stepBytes: FLOAT_BYTES };
      product(rows, { b, packing: 'packTransposed' }, c, [m, n], Uint32Array.of(k));
    },
    matmulTransposedA(a, b, c, m, n, leafSizes) {
      const columns = { a, rowBytes: FLOAT_BYTES, stepBytes: m * FLOAT_BYTES };
      product(columns, { b, packing: 'pack' }, c, [m, n], leafSizes);
    },
    // x = 1 · x, and that again and again: the products are exact, so both profiles add up the same.
    sumRows(x, sums, columns, leafSizes) {
      product(
        { a: one, rowBytes: 0, stepBytes: 0 },
        { b: x, packing: 'pack' },
        sums,
        [1, columns],
        leafSizes,
      );
    },
  };
}

/** Tables that tell a tile where its operands lie; addresses of u32 values, offsets in bytes. */
function createOperandTables(arena: Arena) {
  const rows = createBuffer(arena.words);
  const runs = createBuffer(arena.words);
  const leaves = createBuffer(arena.words);
  return {
    /** For each row of c, where its operands begin. */
    rowTable(count: number, strideBytes: number): number {
      const table = rows(count);
      for (let i = 0; i < count; i++) table[i] = i * strideBytes;
      return table.byteOffset;
    },
    /** For each run of operands where it begins and how long it is; for each leaf how many runs it has: one. */
    leafTables(leafSizes: LeafSizes, strideBytes: number): { runs: number; leaves: number } {
      const table = runs(2 * leafSizes.length);
      let start = 0;
      for (const [leaf, size] of leafSizes.entries()) {
        table[2 * leaf] = start * strideBytes;
        table[2 * leaf + 1] = size;
        start += size;
      }
      return { runs: table.byteOffset, leaves: leaves(leafSizes.length).fill(1).byteOffset };
    },
  };
}

/** A buffer that is replaced by a longer one when it is too short. */
function createBuffer<T extends Float32Array | Uint32Array>(
  allocate: (length: number) => T,
): (length: number) => T {
  let buffer = allocate(0);
  return (length) => {
    if (buffer.length < length) buffer = allocate(2 * length);
    return buffer.subarray(0, length) as T;
  };
}

function createElementKernels(exported: Exported, address: Address): Omit<Kernels, keyof MatrixKernels> {
  const target = ({ parameters, gradientSum }: Update) =>
    [address(parameters), address(gradientSum)] as const;
  const scale = ({ parameters, exampleCount, rate }: Update) =>
    [parameters.length, exampleCount, rate] as const;
  const lossKernel =
    (name: 'softmaxCrossEntropy' | 'squaredError'): LossKernel =>
    (logits, labels, dLogits, statistics, rows, classes) => {
      exported[name](address(logits), address(labels), address(dLogits), address(statistics), rows, classes);
    };
  return {
    addBias(y, bias, rows, columns) {
      exported.addBias(address(y), address(bias), rows, columns);
    },
    activate(activation, x, y, count) {
      exported.activate(ACTIVATIONS.indexOf(activation), address(x), address(y), count);
    },
    activateBackward(activation, y, dy, dx, count) {
      exported.activateBackward(ACTIVATIONS.indexOf(activation), address(y), address(dy), address(dx), count);
    },
    softmaxCrossEntropy: lossKernel('softmaxCrossEntropy'),
    squaredError: lossKernel('squaredError'),
    scaleBytes(bytes, values, count) {
      exported.scaleBytes(address(bytes), address(values), count);
    },
    addInto(sum, source) {
      exported.addInto(address(sum), address(source), sum.length);
    },
    isAllFinite: (values) => exported.isAllFinite(address(values), values.length) !== 0,
    updateSgd(update) {
      exported.updateSgd(...target(update), ...scale(update));
    },
    updateMomentum(update, velocity, momentum, isNesterov) {
      exported.updateMomentum(
        ...target(update),
        address(velocity),
        ...scale(update),
        momentum,
        Number(isNesterov),
      );
    },
    updateAdam(update, firstMoment, secondMoment, { beta1, beta2, epsilon, rootCorrection }) {
      exported.updateAdam(
        ...([...target(update), address(firstMoment), address(secondMoment), ...scale(update)] as const),
        ...([beta1, 1 - beta1, beta2, 1 - beta2, epsilon, rootCorrection] as const),
      );
    },
  };
}
