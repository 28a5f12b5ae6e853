/**
 * The exports of the module. `../../kernels.ts` describes their results. Addresses are in bytes,
 * and counts are numbers of values.
 */
export {
  activate, activateBackward, addBias, addInto, isAllBounded, multiply, scaleBytes,
} from './elementwise';
export { packBfloat16, roundToBfloat16, unpackBfloat16 } from './bfloat16';
export { dropoutFactors } from './dropout';
export { fingerprint } from './fingerprint';
export { averagePool, averagePoolBackward, maxPool, maxPoolBackward, pad } from './images';
export { normalize, normalizeBackward, normalizeBy } from './normalization';
export { huber, softmaxCrossEntropy, squaredError } from './losses';
export { pack, packTransposed } from './packing';
export { sumRows } from './sums';
export { multiply4x8, multiply5x16, multiply6x16 } from './tiles';
export {
  setUpdate, sumOfSquares, updateAdam, updateAverage, updateByRoot, updateMomentum, updateSgd,
} from './updates';

/** The address at which the module's own data ends and the arena may begin. */
export function dataEnd(): usize {
  return __heap_base;
}
