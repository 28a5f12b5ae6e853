import { type Kernels, type LeafSizes, rowCount } from '../kernels.ts';
import type { Arena } from './arena.ts';

/** Register tiles of matrix products, rows × columns. The fastest one depends on the machine. */
export const TILES = ['6x16', '5x16', '4x8'] as const;
export type Tile = (typeof TILES)[number];

export type Exported = Record<string, (...args: number[]) => number>;
/** The byte address of an engine's buffer in the engine's memory. */
export type Address = (buffer: Float32Array | Uint32Array | Uint8Array) => number;

/** More levels than any reduction tree has. */
export const TREE_LEVELS_MAX = 33;
export const FLOAT_BYTES = 4;
/** More leaves than any tree has. As `bfloat16LeavesMin` it means that no sum is rounded. */
export const NEVER = 2 ** 31 - 1;
/** Up to this many rows of c it costs more to pack b than to read b in place. */
const DIRECT_ROWS_MAX = 24;

/**
 * The loop over tiles that computes all products: c [m, n] = Σ a · b. Tables give the places of the
 * operands in a. The columns of b lie in panels. The source of the loop is in `assembly/`.
 *
 *     rows      0 │ 4            per row of c: its first operand, in bytes from a
 *     runs      0, 3 │ 24, 2     per run: its first operand, in bytes from the row's, and length
 *     leaves    1 │ 1            per leaf: its number of runs
 *
 * The example is aᵀ · b, with a [5, 2] and leaves of 3 and 2 rows, so operands lie 8 bytes apart.
 * Row i of c reads the bytes 4·i + (0, 8, 16) of a for the first leaf. For the second leaf it reads
 * the bytes 4·i + (24, 32). The loop reads the k rows of a panel of b in the same order.
 */
export interface Multiplier {
  /** The number of columns of a panel. */
  readonly width: number;
  /** Room for the panels of b [k, n], not filled yet. All calls share one buffer. */
  panelsFor(k: number, n: number): Panels;
  /**
   * The panels of b [k, n], packed in the buffer of `panelsFor`. If c has few rows and `width`
   * divides n, the panels are in place: packing would cost more than it saves.
   */
  panelsOf(b: Float32Array, k: number, n: number, rowCount: number): Panels;
  /**
   * Computes c [m, n], where m is the number of `rows`. `a` and `c` are byte addresses. The
   * operands of a run lie `stepBytes` apart.
   */
  multiply(
    a: number,
    rows: Table,
    sums: SumTables,
    stepBytes: number,
    b: Panels,
    n: number,
    c: number,
  ): void;
}

/**
 * A table in memory with one word per row of c: where its operands in a begin, in bytes from a. The
 * words ascend.
 */
export interface Table {
  readonly address: number;
  readonly length: number;
}

/**
 * The tables of one sum's operands, by byte address. Each run of operands has two words in `runs`:
 * its first byte from the row's beginning, and its length in values. Each leaf of the tree has one
 * word in `leaves`: its number of runs.
 */
export interface SumTables {
  readonly runs: number;
  readonly leaves: number;
  readonly leafCount: number;
  /** See `Kernels.sumRows`. */
  readonly bfloat16LeavesMin: number;
}

/**
 * The columns of b, `width` at a time: the byte address of the first panel, and the distances in
 * bytes between panels and between the rows of a panel.
 *
 *     b [k, n], row-major           packed, one panel after the other
 *     ┌───────┬───────┬────┐        ┌───────┐┌───────┐┌───────┐
 *     │   0   │   1   │ 2  │ k      │   0   ││   1   ││ 2  ...│ k     `.` is a zero
 *     └───────┴───────┴────┘        └───────┘└───────┘└───────┘
 *       width   width  rest         panelBytes = 4 · k · width, rowBytes = 4 · width
 *
 * Panels in place, in b itself, have panelBytes = 4 · width and rowBytes = 4 · n.
 */
export interface Panels {
  readonly panels: number;
  readonly panelBytes: number;
  readonly rowBytes: number;
}

export function createMultiplier(
  exported: Exported,
  arena: Arena,
  tile: Tile,
  address: Address,
): Multiplier {
  const kernel = exported[`multiply${tile}`];
  const [height, width] = tile.split('x').map(Number);
  // One tile more, for the last columns of c.
  const stack = arena.floats((TREE_LEVELS_MAX + 1) * height * width).byteOffset;
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
      { runs, leaves, leafCount, bfloat16LeavesMin },
      stepBytes,
      { panels, panelBytes, rowBytes },
      n,
      c,
    ) {
      const { address, length } = rows;
      const sums = [runs, leaves, leafCount, Math.min(bfloat16LeavesMin, NEVER), stepBytes];
      kernel(a, address, length, ...sums, panels, panelBytes, rowBytes, n, c, stack);
    },
  };
}

/**
 * Creates a function that returns the first `length` values of one shared buffer. A buffer that is
 * too short is replaced by a longer one.
 */
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
  const { rowsApart, leafAfterLeaf } = createTables(arena);

  /** c [m, n] = Σ a · b. The rows of a begin `rowBytes` apart, their values `stepBytes` apart. */
  function product(
    a: { values: Float32Array; rowBytes: number; stepBytes: number },
    b: { values: Float32Array; packing: 'pack' | 'packTransposed' },
    c: Float32Array,
    [m, n]: readonly [number, number],
    leafSizes: LeafSizes,
    bfloat16LeavesMin = NEVER,
  ): void {
    const k = rowCount(leafSizes);
    const packed =
      b.packing === 'pack' ? panelsOf(b.values, k, n, m) : packTransposed(b.values, k, n);
    const sums = leafAfterLeaf(leafSizes, a.stepBytes, bfloat16LeavesMin);
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
    matmulTransposedA(a, b, c, m, n, leafSizes, bfloat16LeavesMin) {
      product(
        columnsOf(a, m),
        { values: b, packing: 'pack' },
        c,
        [m, n],
        leafSizes,
        bfloat16LeavesMin,
      );
    },
  };
}

/** Creates the tables for the operands of a plain matrix product. */
function createTables(arena: Arena) {
  const rowBuffer = createBuffer(arena.words);
  const runBuffer = createBuffer(arena.words);
  const leafBuffer = createBuffer(arena.words);

  function rowsApart(count: number, strideBytes: number): Table {
    const table = rowBuffer(count);
    for (let i = 0; i < count; i++) table[i] = i * strideBytes;
    return { address: table.byteOffset, length: count };
  }

  /** The tables of k operands that lie leaf after leaf, with one run per leaf. */
  function leafAfterLeaf(
    leafSizes: LeafSizes,
    stepBytes: number,
    bfloat16LeavesMin: number,
  ): SumTables {
    const runs = runBuffer(2 * leafSizes.length);
    let start = 0;
    for (const [leaf, size] of leafSizes.entries()) {
      runs[2 * leaf] = start * stepBytes;
      runs[2 * leaf + 1] = size;
      start += size;
    }
    const leaves = leafBuffer(leafSizes.length).fill(1);
    return {
      runs: runs.byteOffset,
      leaves: leaves.byteOffset,
      leafCount: leafSizes.length,
      bfloat16LeavesMin,
    };
  }

  return { rowsApart, leafAfterLeaf };
}
