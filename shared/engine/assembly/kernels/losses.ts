import { log } from './elementary';
import { expInto } from './elementwise';

/**
 * The first of the largest values. If the first value is NaN, the result is NaN, which is equal to
 * no value. Other NaNs are ignored.
 */
// @ts-ignore: decorator
@inline
function maximum(z: usize, end: usize): f32 {
  let max = load<f32>(z);
  for (let p = z + 4; p < end; p += 4) max = load<f32>(p) > max ? load<f32>(p) : max;
  return max;
}

// @ts-ignore: decorator
@inline
function isFirstMaximum(z: usize, max: f32, label: i32): bool {
  for (let j = 0; j < label; j++) if (load<f32>(z + (<usize>j << 2)) == max) return false;
  return load<f32>(z + (<usize>label << 2)) == max;
}

export function softmaxCrossEntropy(
  logits: usize, labels: usize, dLogits: usize, lossAndCorrect: usize, rows: i32, classes: i32,
  own: f32, others: f32,
): void {
  const rowBytes = <usize>classes << 2;
  for (let row = 0; row < rows; row++) {
    const label = <i32>load<f32>(labels + (<usize>row << 2));
    const max = maximum(logits, logits + rowBytes);
    let expected: f32 = 0;
    for (let j = 0; j < classes; j++) {
      const offset = <usize>j << 2;
      const shifted: f32 = load<f32>(logits + offset) - max;
      expected += (j == label ? own : others) * shifted;
      store<f32>(dLogits + offset, shifted);
    }
    expInto(dLogits, dLogits, classes);
    let sum: f32 = 0;
    for (let j: usize = 0; j < rowBytes; j += 4) sum += load<f32>(dLogits + j);
    for (let j = 0; j < classes; j++) {
      const offset = <usize>j << 2;
      store<f32>(dLogits + offset, load<f32>(dLogits + offset) / sum - (j == label ? own : others));
    }
    store<f32>(lossAndCorrect, f32x4.extract_lane(log(f32x4.splat(sum)), 0) - expected);
    store<f32>(lossAndCorrect, isFirstMaximum(logits, max, label) ? 1 : 0, 4);
    logits += rowBytes;
    dLogits += rowBytes;
    lossAndCorrect += 8;
  }
}

export function squaredError(
  logits: usize, labels: usize, dLogits: usize, lossAndCorrect: usize, rows: i32, classes: i32,
  own: f32, others: f32,
): void {
  const rowBytes = <usize>classes << 2;
  for (let row = 0; row < rows; row++) {
    const label = <i32>load<f32>(labels + (<usize>row << 2));
    const max = maximum(logits, logits + rowBytes);
    let sum: f32 = 0;
    for (let j = 0; j < classes; j++) {
      const offset = <usize>j << 2;
      const difference: f32 = load<f32>(logits + offset) - (j == label ? own : others);
      store<f32>(dLogits + offset, difference);
      sum += <f32>0.5 * (difference * difference);
    }
    store<f32>(lossAndCorrect, sum);
    store<f32>(lossAndCorrect, isFirstMaximum(logits, max, label) ? 1 : 0, 4);
    logits += rowBytes;
    dLogits += rowBytes;
    lossAndCorrect += 8;
  }
}

export function huber(
  outputs: usize, targets: usize, dOutputs: usize, measures: usize, rows: i32, delta: f32,
): void {
  for (let row = 0; row < rows; row++) {
    const offset = <usize>row << 2;
    const error: f32 = load<f32>(outputs + offset) - load<f32>(targets + offset);
    const size = abs<f32>(error);
    const square: f32 = error * error;
    const loss: f32 =
      size <= delta ? <f32>0.5 * square : delta * (size - <f32>0.5 * delta);
    store<f32>(dOutputs + offset, error > delta ? delta : error < -delta ? -delta : error);
    store<f32>(measures, loss);
    store<f32>(measures, square, 4);
    store<f32>(measures, size, 8);
    measures += 12;
  }
}
