/**
 * In place: multiplies the loss of each row, and its gradient, by the weight of the row's class.
 * `lossAndCorrect` is [rows, 2], and the correct counts stay as they are. `dLogits` is [rows,
 * classes]. A product of two f32 values is exact in f64, so storing it is one IEEE 754 f32
 * multiplication, as in the kernels.
 */
export function weighRows(
  weights: Float32Array,
  labels: Float32Array,
  dLogits: Float32Array,
  lossAndCorrect: Float32Array,
  rows: number,
  classes: number,
): void {
  for (let row = 0; row < rows; row++) {
    const weight = weights[labels[row]];
    lossAndCorrect[2 * row] *= weight;
    for (let i = row * classes; i < (row + 1) * classes; i++) dLogits[i] *= weight;
  }
}
