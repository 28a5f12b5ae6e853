import { type Convolution, type Kernels, type LeafSizes, rowCount } from '../kernels.ts';
import type { Arena } from './arena.ts';
import {
  type Address,
  createBuffer,
  type Exported,
  FLOAT_BYTES,
  type Multiplier,
  NEVER,
  type SumTables,
  type Table,
} from './wasm-products.ts';

/** The shape of an image in memory, [height, width, channels]. */
interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const bytesOf = ({ height, width, channels }: Image): number =>
  height * width * channels * FLOAT_BYTES;

/*
 * Padded images. `.` is a zero pixel. A pixel is all its channels, side by side. The examples have
 * a 4 × 4 input, kernel 3 and padding 1.
 *
 *     paddedInput      paddedGradient
 *     stride 1         stride 2, dy 2 × 2
 *     . . . . . .      . . . . . .
 *     . x x x x .      . g . g . .
 *     . x x x x .      . . . . . .
 *     . x x x x .      . g . g . .
 *     . x x x x .      . . . . . .
 *     . . . . . .      . . . . . .
 *
 * In paddedGradient the pixels of dy lie `stride` apart, after a margin of kernel - 1 - padding.
 *
 * A patch is `kernel` lines of `kernel` pixels. The patch of output position (i, j) begins at line
 * i · stride, pixel j · stride of paddedInput. The patch of input position (i, j) begins at line i,
 * pixel j of paddedGradient.
 */

function paddedInput({ height, width, channels, padding }: Convolution): Image {
  return { height: height + 2 * padding, width: width + 2 * padding, channels };
}

function paddedGradient({ height, width, kernel, filters }: Convolution): Image {
  return { height: height + kernel - 1, width: width + kernel - 1, channels: filters };
}

/** The tables of one convolution. They do not depend on its images. */
interface ConvolutionTables {
  /** Patches of the padded input, one row per output position. */
  readonly forward: { rows: Table; sums: SumTables };
  /** Patches of the spread and padded gradient, one row per input position. */
  readonly backward: { rows: Table; sums: SumTables };
  /** The first input of each weight of a filter in the padded input, one row per weight. */
  readonly weights: Table;
}

function createTables(arena: Arena, shape: Convolution): ConvolutionTables {
  const { height, width, channels, kernel, stride, outHeight, outWidth } = shape;
  const [input, gradient] = [paddedInput(shape), paddedGradient(shape)];
  const tableOf = (values: readonly number[]): Table => {
    const table = arena.words(values.length);
    table.set(values);
    return { address: table.byteOffset, length: values.length };
  };
  /** The runs of a patch: `kernel` lines of `kernel` pixels. The whole patch is one leaf. */
  const linesOf = (image: Image): SumTables => {
    const lines = Array.from({ length: kernel }, (_, line) => [
      line * image.width * image.channels * FLOAT_BYTES,
      kernel * image.channels,
    ]);
    return {
      runs: tableOf(lines.flat()).address,
      leaves: tableOf([kernel]).address,
      leafCount: 1,
      bfloat16LeavesMin: NEVER,
    };
  };
  /** The first byte of the patch of each position in a grid. Patches are `apart` pixels apart. */
  const patches = (rows: number, columns: number, apart: number, image: Image): Table =>
    tableOf(
      Array.from({ length: rows * columns }, (_, position) => {
        const [i, j] = [Math.floor(position / columns), position % columns];
        return (i * image.width + j) * apart * image.channels * FLOAT_BYTES;
      }),
    );
  const weights = Array.from({ length: kernel * kernel * channels }, (_, index) => {
    const [tap, c] = [Math.floor(index / channels), index % channels];
    return ((Math.floor(tap / kernel) * input.width + (tap % kernel)) * channels + c) * FLOAT_BYTES;
  });
  return {
    forward: { rows: patches(outHeight, outWidth, stride, input), sums: linesOf(input) },
    backward: { rows: patches(height, width, 1, gradient), sums: linesOf(gradient) },
    weights: tableOf(weights),
  };
}

/** Prepares the operands of the kernels below. */
function createOperands(exported: Exported, arena: Arena, address: Address) {
  const paddedBuffer = createBuffer(arena.floats);
  const runBuffer = createBuffer(arena.words);
  const leafBuffer = createBuffer(arena.words);
  const known = new WeakMap<Convolution, ConvolutionTables>();

  function tablesFor(shape: Convolution): ConvolutionTables {
    const tables = known.get(shape) ?? createTables(arena, shape);
    known.set(shape, tables);
    return tables;
  }

  /**
   * Copies `rows` images into padded images of shape `to`, `margin` pixels from the top and left
   * edges, with the pixels `spread` apart. Returns the byte address of the padded images, which the
   * next call overwrites.
   */
  function pad(
    x: Float32Array,
    from: Image,
    to: Image,
    rows: number,
    margin: number,
    spread: number,
  ): number {
    const padded = paddedBuffer((rows * bytesOf(to)) / FLOAT_BYTES).byteOffset;
    const sizes = [from.height, from.width, from.channels, to.height, to.width];
    exported.pad(address(x), padded, rows, ...sizes, margin, spread);
    return padded;
  }

  /** The tables of a weight's sum. A leaf has one run per output line of each of its images. */
  function linesOfLeaves(
    shape: Convolution,
    leafSizes: LeafSizes,
    bfloat16LeavesMin = NEVER,
  ): SumTables {
    const { stride, outHeight, outWidth } = shape;
    const image = paddedInput(shape);
    const lineBytes = stride * image.width * image.channels * FLOAT_BYTES;
    const lineCount = rowCount(leafSizes) * outHeight;
    const runs = runBuffer(2 * lineCount);
    for (let line = 0; line < lineCount; line++) {
      runs[2 * line] =
        Math.floor(line / outHeight) * bytesOf(image) + (line % outHeight) * lineBytes;
      runs[2 * line + 1] = outWidth;
    }
    const leaves = leafBuffer(leafSizes.length);
    for (const [leaf, size] of leafSizes.entries()) leaves[leaf] = size * outHeight;
    return {
      runs: runs.byteOffset,
      leaves: leaves.byteOffset,
      leafCount: leafSizes.length,
      bfloat16LeavesMin,
    };
  }

  const padInput = (shape: Convolution, x: Float32Array, rows: number): number =>
    shape.padding === 0 ? address(x) : pad(x, shape, paddedInput(shape), rows, shape.padding, 1);

  return { tablesFor, pad, padInput, linesOfLeaves };
}

type ConvolutionKernels = Pick<
  Kernels,
  'convolve' | 'convolveBackwardInput' | 'convolveBackwardWeight'
>;

/**
 * Convolutions as products of patches. Patches are never copied: the tables give their places in
 * the padded images.
 */
export function createConvolutionKernels(
  exported: Exported,
  arena: Arena,
  { width, panelsFor, multiply }: Multiplier,
  address: Address,
): ConvolutionKernels {
  const { tablesFor, pad, padInput, linesOfLeaves } = createOperands(exported, arena, address);
  return {
    convolve(shape, x, weight, y, rows) {
      const { channels, filters, kernel, outHeight, outWidth } = shape;
      const k = kernel * kernel * channels;
      const packed = panelsFor(k, filters);
      exported.pack(address(weight), k, filters, width, packed.panels, packed.panelBytes);
      const { forward } = tablesFor(shape);
      const padded = padInput(shape, x, rows);
      const imageBytes = bytesOf(paddedInput(shape));
      const outputBytes = outHeight * outWidth * filters * FLOAT_BYTES;
      for (let row = 0; row < rows; row++) {
        const [a, c] = [padded + row * imageBytes, address(y) + row * outputBytes];
        multiply(a, forward.rows, forward.sums, FLOAT_BYTES, packed, filters, c);
      }
    },

    convolveBackwardInput(shape, dy, weight, dx, rows) {
      const { channels, filters, kernel, stride, padding, outHeight, outWidth } = shape;
      const packed = panelsFor(kernel * kernel * filters, channels);
      // The kernel is rotated by 180°, so its last tap comes first.
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const from =
          address(weight) + (kernel * kernel - 1 - tap) * channels * filters * FLOAT_BYTES;
        const to = packed.panels + tap * filters * width * FLOAT_BYTES;
        exported.packTransposed(from, filters, channels, width, to, packed.panelBytes);
      }
      const { backward } = tablesFor(shape);
      const gradient = { height: outHeight, width: outWidth, channels: filters };
      const padded = pad(dy, gradient, paddedGradient(shape), rows, kernel - 1 - padding, stride);
      for (let row = 0; row < rows; row++) {
        const a = padded + row * bytesOf(paddedGradient(shape));
        const c = address(dx) + row * bytesOf(shape);
        multiply(a, backward.rows, backward.sums, FLOAT_BYTES, packed, channels, c);
      }
    },

    convolveBackwardWeight(shape, x, dy, dWeight, leafSizes, bfloat16LeavesMin) {
      const { channels, filters, stride, outHeight, outWidth } = shape;
      const rows = rowCount(leafSizes);
      const padded = padInput(shape, x, rows);
      const k = rows * outHeight * outWidth;
      const packed = panelsFor(k, filters);
      exported.pack(address(dy), k, filters, width, packed.panels, packed.panelBytes);
      const sums = linesOfLeaves(shape, leafSizes, bfloat16LeavesMin);
      const stepBytes = stride * channels * FLOAT_BYTES;
      multiply(
        padded,
        tablesFor(shape).weights,
        sums,
        stepBytes,
        packed,
        filters,
        address(dWeight),
      );
    },
  };
}
