import { assert } from '../assert.ts';
import { ARENA_BYTES, type Arena, createArena } from './arena.ts';
import type { Engine } from './engine.ts';
import {
  ACTIVATIONS,
  type Kernels,
  type LeafSizes,
  type LossKernel,
  type Numerics,
  type Pooling,
  type Update,
} from './kernels.ts';
import { createConvolutionKernels } from './wasm-convolution.ts';
import {
  type Address,
  createBuffer,
  createMatrixKernels,
  createMultiplier,
  type Exported,
  NEVER,
  type Tile,
} from './wasm-products.ts';

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
    ...createUpdateKernels(exported, address),
  };
  return {
    numerics,
    kernels,
    allocate: arena.floats,
    allocateBytes: arena.bytes,
    allocateWords: arena.words,
  };
}

function createElementKernels(exported: Exported, address: Address) {
  const lossKernel =
    (name: 'softmaxCrossEntropy' | 'squaredError'): LossKernel =>
    (logits, labels, dLogits, statistics, rows, classes, smoothing) => {
      const [own, others] = [1 - smoothing + smoothing / classes, smoothing / classes];
      const buffers = [logits, labels, dLogits, statistics].map(address);
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
    scaleBytes(bytes, values, count) {
      exported.scaleBytes(address(bytes), address(values), count);
    },
    addInto(target, source) {
      exported.addInto(address(target), address(source), target.length);
    },
    roundToBfloat16(values) {
      exported.roundToBfloat16(address(values), values.length);
    },
    narrow(values) {
      exported.narrow(address(values), values.length);
    },
    widen(values) {
      exported.widen(address(values), values.length);
    },
    multiply(a, b, product, count) {
      exported.multiply(address(a), address(b), address(product), count);
    },
    fingerprint(values) {
      const lanes = exported.fingerprint(address(values), values.length);
      return new Uint32Array(values.buffer, lanes, 16).slice();
    },
    isAllFinite: (values) => exported.isAllFinite(address(values), values.length) !== 0,
    dropoutFactors(keys, factors, rows, columns, rate) {
      const threshold = Math.floor(rate * 2 ** 32);
      exported.dropoutFactors(address(keys), address(factors), rows, columns, threshold, 1 / (1 - rate));
    },
  } satisfies Partial<Kernels>;
}

function createRowKernels(exported: Exported, arena: Arena, address: Address) {
  const leafBuffer = createBuffer(arena.words);
  const dimensions = ({ height, width, channels, size }: Pooling) => [height, width, channels, size] as const;
  const tableOf = (leafSizes: LeafSizes): number => {
    const table = leafBuffer(leafSizes.length);
    table.set(leafSizes);
    return table.byteOffset;
  };
  return {
    sumRows(x, sums, columns, leafSizes, narrowFrom = NEVER) {
      const leaves = [tableOf(leafSizes), leafSizes.length, Math.min(narrowFrom, NEVER)];
      exported.sumRows(address(x), address(sums), columns, ...leaves);
    },
    maxPool(shape, x, y, rows) {
      exported.maxPool(address(x), address(y), rows, ...dimensions(shape));
    },
    maxPoolBackward(shape, x, y, dy, dx, rows) {
      exported.maxPoolBackward(address(x), address(y), address(dy), address(dx), rows, ...dimensions(shape));
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
    normalizeBackward(normalized, dy, scale, dx, { variances, dScales, dShifts }, columns, leafSizes) {
      const buffers = [normalized, dy, scale, dx, variances, dScales, dShifts].map(address);
      exported.normalizeBackward(...buffers, columns, tableOf(leafSizes), leafSizes.length);
    },
  } satisfies Partial<Kernels>;
}

function createUpdateKernels(exported: Exported, address: Address) {
  /** Sets what all updates need; returns the addresses that they begin with. */
  const prepare = (update: Update): [parameters: number, gradientSum: number] => {
    const { parameters, gradientSum, exampleCount, rate, gradientScale, weightDecay } = update;
    exported.setUpdate(exampleCount, rate, gradientScale, weightDecay);
    return [address(parameters), address(gradientSum)];
  };
  return {
    sumOfSquares: (values) => exported.sumOfSquares(address(values), values.length),
    updateAverage({ parameters, gradientSum, exampleCount }, keep) {
      const { length } = parameters;
      exported.updateAverage(address(parameters), address(gradientSum), length, exampleCount, keep, 1 - keep);
    },
    updateSgd(update) {
      exported.updateSgd(...prepare(update), update.parameters.length);
    },
    updateMomentum(update, velocity, momentum, isNesterov) {
      const { length } = velocity;
      exported.updateMomentum(...prepare(update), address(velocity), length, momentum, Number(isNesterov));
    },
    updateByRoot(update, squares, beta, epsilon) {
      const share = beta === 1 ? 1 : 1 - beta;
      exported.updateByRoot(...prepare(update), address(squares), squares.length, beta, share, epsilon);
    },
    updateAdam(update, firstMoment, secondMoment, { beta1, beta2, epsilon, rootCorrection, keep }) {
      const buffers = [...prepare(update), address(firstMoment), address(secondMoment)];
      const shares = [beta1, 1 - beta1, beta2, 1 - beta2];
      exported.updateAdam(...buffers, firstMoment.length, ...shares, epsilon, rootCorrection, keep);
    },
  } satisfies Partial<Kernels>;
}
