import { assert } from '../../assert.ts';
import type { Engine } from '../engine.ts';
import {
  ACTIVATIONS,
  type Kernels,
  type LeafSizes,
  type LossKernel,
  type Numerics,
  type Pooling,
  type Update,
} from '../kernels.ts';
import { ARENA_BYTES, ARENA_START, type Arena, createArena } from './arena.ts';
import { createConvolutionKernels } from './wasm-convolution.ts';
import {
  type Address,
  createBuffer,
  createMatrixKernels,
  createMultiplier,
  type Exported,
  NEVER,
  type Tile,
  TREE_LEVELS_MAX,
} from './wasm-products.ts';

/**
 * An engine with the fast kernels, whose source is in `assembly/`. `module` must be compiled for
 * `numerics`. `arenaBytes` must be a multiple of 64 KiB. They are those of `memory`, whose bytes
 * must be 0, or by default of a new one. Throws a `MEMORY` error if the system refuses it.
 */
export function createWasmEngine(
  module: WebAssembly.Module,
  numerics: Numerics,
  tile: Tile,
  arenaBytes: number = ARENA_BYTES,
  memory?: WebAssembly.Memory,
): Engine {
  return openWasmEngine(module, numerics, tile, createArena(arenaBytes, memory));
}

/**
 * An engine in a given memory. A module with shared memory can serve several threads, each with an
 * instance of its own. `split` may replace exports of the instance.
 */
export function openWasmEngine(
  module: WebAssembly.Module,
  numerics: Numerics,
  tile: Tile,
  arena: Arena,
  split: (exported: Exported) => Exported = (exported) => exported,
): Engine & { readonly exported: Exported } {
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
  const own = instance.exports as unknown as Exported;
  assert(own.dataEnd() <= ARENA_START, 'the data of the module fits into the first page');
  const exported = split(own);
  const address: Address = (buffer) => {
    assert(buffer.buffer === arena.memory.buffer, 'kernels take buffers of their own engine');
    return buffer.byteOffset;
  };
  const multiplier = createMultiplier(exported, arena, tile, address);
  const kernels: Kernels = {
    ...createMatrixKernels(exported, arena, multiplier, address),
    ...createConvolutionKernels(exported, arena, multiplier, address),
    ...createRowKernels(exported, arena, address),
    ...createElementKernels(exported, address),
    ...createBlockKernels(exported, arena, address),
    ...createUpdateKernels(exported, address),
  };
  return {
    numerics,
    kernels,
    exported,
    allocate: arena.floats,
    allocateBytes: arena.bytes,
    allocateWords: arena.words,
  };
}

function createElementKernels(exported: Exported, address: Address) {
  const lossKernel =
    (name: 'softmaxCrossEntropy' | 'squaredError'): LossKernel =>
    (logits, labels, dLogits, lossAndCorrect, rows, classes, smoothing) => {
      const [own, others] = [1 - smoothing + smoothing / classes, smoothing / classes];
      const buffers = [logits, labels, dLogits, lossAndCorrect].map(address);
      exported[name](...buffers, rows, classes, own, others);
    };
  return {
    addBias(y, bias, rows, columns) {
      exported.addBias(address(y), address(bias), rows, columns);
    },
    activate(activation, x, y, count) {
      exported.activate(ACTIVATIONS.indexOf(activation), address(x), address(y), count);
    },
    activateBackward(activation, x, y, dy, dx, count) {
      const kind = ACTIVATIONS.indexOf(activation);
      exported.activateBackward(kind, address(x), address(y), address(dy), address(dx), count);
    },
    softmaxCrossEntropy: lossKernel('softmaxCrossEntropy'),
    squaredError: lossKernel('squaredError'),
    huber(outputs, targets, dOutputs, measures, rows, delta) {
      const buffers = [outputs, targets, dOutputs, measures].map(address);
      exported.huber(...buffers, rows, delta);
    },
    scaleBytes(bytes, values, count) {
      exported.scaleBytes(address(bytes), address(values), count);
    },
    addInto(target, source) {
      exported.addInto(address(target), address(source), target.length);
    },
    roundToBfloat16(values) {
      exported.roundToBfloat16(address(values), values.length);
    },
    packBfloat16(values) {
      exported.packBfloat16(address(values), values.length);
    },
    unpackBfloat16(values) {
      exported.unpackBfloat16(address(values), values.length);
    },
    multiply(a, b, product, count) {
      exported.multiply(address(a), address(b), address(product), count);
    },
    isAllBounded: (values) => exported.isAllBounded(address(values), values.length) !== 0,
    dropoutFactors(keys, factors, rows, columns, rate) {
      const threshold = Math.floor(rate * 2 ** 32);
      exported.dropoutFactors(
        address(keys),
        address(factors),
        rows,
        columns,
        threshold,
        1 / (1 - rate),
      );
    },
  } satisfies Partial<Kernels>;
}

/** Kernels that give some numbers per block of a vector. */
function createBlockKernels(exported: Exported, arena: Arena, address: Address) {
  const laneBuffer = createBuffer(arena.words);
  const sumBuffer = createBuffer(arena.words);
  return {
    fingerprint(values, blockLength) {
      const lanes = laneBuffer(16 * Math.ceil(values.length / blockLength));
      exported.fingerprint(address(values), values.length, lanes.byteOffset, blockLength);
      return lanes.slice();
    },
    sumOfSquares(values, blockLength) {
      const count = Math.ceil(values.length / blockLength);
      const { buffer, byteOffset } = sumBuffer(2 * count);
      exported.sumOfSquares(address(values), values.length, byteOffset, blockLength);
      return new Float64Array(buffer, byteOffset, count).slice();
    },
  } satisfies Partial<Kernels>;
}

function createRowKernels(exported: Exported, arena: Arena, address: Address) {
  const leafBuffer = createBuffer(arena.words);
  const stack = arena.floats(TREE_LEVELS_MAX * 16).byteOffset;
  const dimensions = ({ height, width, channels, size }: Pooling) =>
    [height, width, channels, size] as const;
  const tableOf = (leafSizes: LeafSizes): number => {
    const table = leafBuffer(leafSizes.length);
    table.set(leafSizes);
    return table.byteOffset;
  };
  return {
    sumRows(x, sums, columns, leafSizes, bfloat16LeavesMin = NEVER) {
      const leaves = [tableOf(leafSizes), leafSizes.length, Math.min(bfloat16LeavesMin, NEVER)];
      exported.sumRows(address(x), address(sums), columns, ...leaves, stack);
    },
    maxPool(shape, x, y, rows) {
      exported.maxPool(address(x), address(y), rows, ...dimensions(shape));
    },
    maxPoolBackward(shape, x, y, dy, dx, rows) {
      exported.maxPoolBackward(
        address(x),
        address(y),
        address(dy),
        address(dx),
        rows,
        ...dimensions(shape),
      );
    },
    averagePool(shape, x, y, rows) {
      exported.averagePool(address(x), address(y), rows, ...dimensions(shape));
    },
    averagePoolBackward(shape, dy, dx, rows) {
      exported.averagePoolBackward(address(dy), address(dx), rows, ...dimensions(shape));
    },
    normalize(x, { scale, shift }, normalized, y, { means, variances }, columns, leafSizes) {
      const buffers = [x, scale, shift, normalized, y, means, variances].map(address);
      exported.normalize(...buffers, columns, tableOf(leafSizes), leafSizes.length);
    },
    normalizeBy(x, { scale, shift }, y, mean, variance, rows, columns) {
      const buffers = [x, scale, shift, y, mean, variance].map(address);
      exported.normalizeBy(...buffers, rows, columns);
    },
    normalizeBackward(
      normalized,
      dy,
      scale,
      dx,
      { variances, dScales, dShifts },
      columns,
      leafSizes,
    ) {
      const buffers = [normalized, dy, scale, dx, variances, dScales, dShifts].map(address);
      exported.normalizeBackward(...buffers, columns, tableOf(leafSizes), leafSizes.length);
    },
  } satisfies Partial<Kernels>;
}

function createUpdateKernels(exported: Exported, address: Address) {
  /** Passes the settings of all updates to the module. Returns the first arguments of an update. */
  const prepare = (update: Update): [parameters: number, gradientSum: number] => {
    const { parameters, gradientSum, exampleCount, rate, gradientScale, weightDecay } = update;
    exported.setUpdate(exampleCount, rate, gradientScale, weightDecay);
    return [address(parameters), address(gradientSum)];
  };
  return {
    updateAverage({ parameters, gradientSum, exampleCount }, keep) {
      const { length } = parameters;
      exported.updateAverage(
        address(parameters),
        address(gradientSum),
        length,
        exampleCount,
        keep,
        1 - keep,
      );
    },
    updateSgd(update) {
      exported.updateSgd(...prepare(update), update.parameters.length);
    },
    updateMomentum(update, velocity, momentum, isNesterov) {
      const { length } = velocity;
      exported.updateMomentum(
        ...prepare(update),
        address(velocity),
        length,
        momentum,
        Number(isNesterov),
      );
    },
    updateByRoot(update, squares, beta, epsilon) {
      const share = beta === 1 ? 1 : 1 - beta;
      exported.updateByRoot(
        ...prepare(update),
        address(squares),
        squares.length,
        beta,
        share,
        epsilon,
      );
    },
    updateAdam(update, firstMoment, secondMoment, { beta1, beta2, epsilon, rootCorrection, keep }) {
      const buffers = [...prepare(update), address(firstMoment), address(secondMoment)];
      const shares = [beta1, 1 - beta1, beta2, 1 - beta2];
      exported.updateAdam(...buffers, firstMoment.length, ...shares, epsilon, rootCorrection, keep);
    },
  } satisfies Partial<Kernels>;
}
