import type { Arena } from './arena.ts';
import type { Convolution, Kernels, LeafSizes } from './kernels.ts';
import { rowCount } from './layer.ts';
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

/** An image [height, width, channels] in memory. */
interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const bytesOf = ({ height, width, channels }: Image): number => height * width * channels * FLOAT_BYTES;

function paddedInput({ height, width, channels, padding }: Convolution): Image {
  return { height: height + 2 * padding, width: width + 2 * padding, channels };
}

function paddedGradient({ height, width, kernel, filters }: Convolution): Image {
  return { height: height + kernel - 1, width: width + kernel - 1, channels: filters };
}

/** Tables of one convolution, which do not depend on its images. */
interface ConvolutionTables {
  /** Patches of the padded input, a row for each output position. */
  readonly forward: { rows: Table; sums: SumTables };
  /** Patches of the spread and padded gradient, a row for each input position. */
  readonly backward: { rows: Table; sums: SumTables };
  /** For each weight of a filter, where its first input lies. */
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
  /** A patch is `kernel` lines of `kernel` pixels, one leaf in all. */
  const linesOf = (image: Image): SumTables => {
    const lines = Array.from({ length: kernel }, (_, line) => [
      line * image.width * image.channels * FLOAT_BYTES,
      kernel * image.channels,
    ]);
    return {
      runs: tableOf(lines.flat()).address,
      leaves: tableOf([kernel]).address,
      leafCount: 1,
      narrowFrom: NEVER,
    };
  };
  /** Where the patches of each position of a grid begin. */
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

/** Finds and prepares what the kernels below multiply. */
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

  /** A padded copy of `rows` images; `spread` leaves gaps between the pixels. */
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

  /** A weight's sum goes over each line of each image of a leaf. */
  function linesOfLeaves(shape: Convolution, leafSizes: LeafSizes, narrowFrom = NEVER): SumTables {
    const { stride, outHeight, outWidth } = shape;
    const image = paddedInput(shape);
    const lineBytes = stride * image.width * image.channels * FLOAT_BYTES;
    const lineCount = rowCount(leafSizes) * outHeight;
    const runs = runBuffer(2 * lineCount);
    for (let line = 0; line < lineCount; line++) {
      runs[2 * line] = Math.floor(line / outHeight) * bytesOf(image) + (line % outHeight) * lineBytes;
      runs[2 * line + 1] = outWidth;
    }
    const leaves = leafBuffer(leafSizes.length);
    for (const [leaf, size] of leafSizes.entries()) leaves[leaf] = size * outHeight;
    return { runs: runs.byteOffset, leaves: leaves.byteOffset, leafCount: leafSizes.length, narrowFrom };
  }

  const padInput = (shape: Convolution, x: Float32Array, rows: number): number =>
    shape.padding === 0 ? address(x) : pad(x, shape, paddedInput(shape), rows, shape.padding, 1);

  return { tablesFor, pad, padInput, linesOfLeaves };
}

type ConvolutionKernels = Pick<Kernels, 'convolve' | 'convolveBackwardInput' | 'convolveBackwardWeight'>;

/** Convolutions as products of patches, which are never copied: the tables say where they lie in the padded image. */
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
      // The kernel turned by half: its last tap comes first.
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const from = address(weight) + (kernel * kernel - 1 - tap) * channels * filters * FLOAT_BYTES;
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

    convolveBackwardWeight(shape, x, dy, dWeight, leafSizes, narrowFrom) {
      const { channels, filters, stride, outHeight, outWidth } = shape;
      const rows = rowCount(leafSizes);
      const padded = padInput(shape, x, rows);
      const k = rows * outHeight * outWidth;
      const packed = panelsFor(k, filters);
      exported.pack(address(dy), k, filters, width, packed.panels, packed.panelBytes);
      const sums = linesOfLeaves(shape, leafSizes, narrowFrom);
      const stepBytes = stride * channels * FLOAT_BYTES;
      multiply(padded, tablesFor(shape).weights, sums, stepBytes, packed, filters, address(dWeight));
    },
  };
}
