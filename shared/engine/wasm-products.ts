import type { Arena } from './arena.ts';
import type { Kernels, LeafSizes } from './kernels.ts';
import { rowCount } from './layer.ts';

/** Register tiles of matrix multiplication, rows × columns. Which one is fastest depends on the machine. */
export const TILES = ['6x16', '5x16', '4x8'] as const;
export type Tile = (typeof TILES)[number];

export type Exported = Record<string, (...args: number[]) => number>;
/** Where a buffer of the engine's lies in its memory. */
export type Address = (buffer: Float32Array | Uint32Array | Uint8Array) => number;

/** More levels than any reduction tree has. */
const TREE_LEVELS_MAX = 33;
export const FLOAT_BYTES = 4;
/** More leaves than any tree has: of what is never rounded. */
export const NEVER = 2 ** 31 - 1;
/** Up to so many rows of c it costs more to pack b than to read it from where it lies. */
const DIRECT_ROWS_MAX = 24;

/**
 * The loop over tiles that all products are: c [m, n] = Σ a · b, where tables say how to find the operands in a, and b
 * lies packed in panels of columns; `assembly/` has it.
 */
export interface Multiplier {
  /** Columns of a panel. */
  readonly width: number;
  /** Room for the panels of b [k, n]. */
  panelsFor(k: number, n: number): Panels;
  /** The panels of b [k, n], packed, or b itself where too few rows of c would use what was packed. */
  panelsOf(b: Float32Array, k: number, n: number, rowCount: number): Panels;
  multiply(a: number, rows: Table, sums: SumTables, stepBytes: number, b: Panels, n: number, c: number): void;
}

/** For each row of c: where its operands in a begin, in bytes from a. */
export interface Table {
  readonly address: number;
  readonly length: number;
}

/**
 * What an element is summed over: runs of operands, each its first byte from the row's beginning and its length in
 * values; for each leaf of the tree how many runs it has.
 */
export interface SumTables {
  readonly runs: number;
  readonly leaves: number;
  readonly leafCount: number;
  /** See `Kernels.sumRows`. */
  readonly narrowFrom: number;
}

/** Columns of b, `width` at a time: where the first panel is, how far apart panels are, and their rows. */
export interface Panels {
  readonly panels: number;
  readonly panelBytes: number;
  readonly rowBytes: number;
}

export function createMultiplier(exported: Exported, arena: Arena, tile: Tile, address: Address): Multiplier {
  const kernel = exported[`multiply${tile}`];
  const [height, width] = tile.split('x').map(Number);
  const stack = arena.floats(TREE_LEVELS_MAX * height * width).byteOffset;
  const buffer = createBuffer(arena.floats);
  const panelsFor = (k: number, n: number): Panels => ({
    panels: buffer(k * Math.ceil(n / width) * width).byteOffset,
    panelBytes: k * width * FLOAT_BYTES,
    rowBytes: width * FLOAT_BYTES,
  });
  return {
    width,
    panelsFor,
    panelsOf(b, k, n, rowCount) {
      if (rowCount <= DIRECT_ROWS_MAX && n % width === 0) {
        return { panels: address(b), panelBytes: width * FLOAT_BYTES, rowBytes: n * FLOAT_BYTES };
      }
      const packed = panelsFor(k, n);
      exported.pack(address(b), k, n, width, packed.panels, packed.panelBytes);
      return packed;
    },
    multiply(
      a,
      rows,
      { runs, leaves, leafCount, narrowFrom },
      stepBytes,
      { panels, panelBytes, rowBytes },
      n,
      c,
    ) {
      const { address, length } = rows;
      const sums = [runs, leaves, leafCount, Math.min(narrowFrom, NEVER), stepBytes];
      kernel(a, address, length, ...sums, panels, panelBytes, rowBytes, n, c, stack);
    },
  };
}

/** A buffer that is replaced by a longer one when it is too short. */
export function createBuffer<T extends Float32Array | Uint32Array>(
  allocate: (length: number) => T,
): (length: number) => T {
  let buffer = allocate(0);
  return (length) => {
    if (buffer.length < length) buffer = allocate(Math.ceil(1.5 * length));
    return buffer.subarray(0, length) as T;
  };
}

type MatrixKernels = Pick<Kernels, 'matmul' | 'matmulTransposedA' | 'matmulTransposedB'>;

export function createMatrixKernels(
  exported: Exported,
  arena: Arena,
  { width, panelsFor, panelsOf, multiply }: Multiplier,
  address: Address,
): MatrixKernels {
  const rowBuffer = createBuffer(arena.words);
  const runBuffer = createBuffer(arena.words);
  const leafBuffer = createBuffer(arena.words);

  function rowsApart(count: number, strideBytes: number): Table {
    const table = rowBuffer(count);
    for (let i = 0; i < count; i++) table[i] = i * strideBytes;
    return { address: table.byteOffset, length: count };
  }

  /** The k operands are the leaves' one after the other: a run for each leaf. */
  function leafAfterLeaf(leafSizes: LeafSizes, stepBytes: number, narrowFrom: number): SumTables {
    const runs = runBuffer(2 * leafSizes.length);
    let start = 0;
    for (const [leaf, size] of leafSizes.entries()) {
      runs[2 * leaf] = start * stepBytes;
      runs[2 * leaf + 1] = size;
      start += size;
    }
    const leaves = leafBuffer(leafSizes.length).fill(1);
    return { runs: runs.byteOffset, leaves: leaves.byteOffset, leafCount: leafSizes.length, narrowFrom };
  }

  /** c [m, n] = Σ a · b: a's rows begin `rowBytes` apart, and their values lie `stepBytes` apart. */
  function product(
    a: { values: Float32Array; rowBytes: number; stepBytes: number },
    b: { values: Float32Array; packing: 'pack' | 'packTransposed' },
    c: Float32Array,
    [m, n]: readonly [number, number],
    leafSizes: LeafSizes,
    narrowFrom = NEVER,
  ): void {
    const k = rowCount(leafSizes);
    const packed = b.packing === 'pack' ? panelsOf(b.values, k, n, m) : packTransposed(b.values, k, n);
    const sums = leafAfterLeaf(leafSizes, a.stepBytes, narrowFrom);
    multiply(address(a.values), rowsApart(m, a.rowBytes), sums, a.stepBytes, packed, n, address(c));
  }

  function packTransposed(b: Float32Array, k: number, n: number): Panels {
    const packed = panelsFor(k, n);
    exported.packTransposed(address(b), k, n, width, packed.panels, packed.panelBytes);
    return packed;
  }

  const rowsOf = (a: Float32Array, k: number) => ({
    values: a,
    rowBytes: k * FLOAT_BYTES,
    stepBytes: FLOAT_BYTES,
  });
  const columnsOf = (a: Float32Array, m: number) => ({
    values: a,
    rowBytes: FLOAT_BYTES,
    stepBytes: m * FLOAT_BYTES,
  });

  return {
    matmul(a, b, c, m, n, k) {
      product(rowsOf(a, k), { values: b, packing: 'pack' }, c, [m, n], Uint32Array.of(k));
    },
    matmulTransposedB(a, b, c, m, n, k) {
      product(rowsOf(a, k), { values: b, packing: 'packTransposed' }, c, [m, n], Uint32Array.of(k));
    },
    matmulTransposedA(a, b, c, m, n, leafSizes, narrowFrom) {
      product(columnsOf(a, m), { values: b, packing: 'pack' }, c, [m, n], leafSizes, narrowFrom);
    },
  };
}
