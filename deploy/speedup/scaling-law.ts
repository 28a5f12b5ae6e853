import { assert } from '../../shared/assert.ts';

/** A measured throughput, in examples/s. */
export interface ThroughputPoint {
  readonly workers: number;
  readonly throughput: number;
}

/**
 * The universal scalability law: X(N) = λN / (1 + σ(N-1) + κN(N-1)). With κ = 0 it is Amdahl's. Gunther, "Guerrilla
 * Capacity Planning", 2007, chapter 4.
 */
export interface ScalingLaw {
  /** Throughput of one worker, examples/s. */
  readonly lambda: number;
  /** The part that does not get faster with more workers. */
  readonly sigma: number;
  /** What each pair of workers costs. */
  readonly kappa: number;
}

export function throughputAt({ lambda, sigma, kappa }: ScalingLaw, workers: number): number {
  return (lambda * workers) / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

/** More workers than this make it slower; infinite where the law has no such number. */
export function bestWorkers({ sigma, kappa }: ScalingLaw): number {
  if (kappa === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.sqrt(Math.max(0, 1 - sigma) / kappa));
}

/**
 * The serial part that a measured speedup tells of, (1/S - 1/N) / (1 - 1/N). It is below 0 where N workers gain more than
 * N-fold. Karp and Flatt, "Measuring parallel processor performance", CACM 33 (1990).
 */
export function serialFraction(speedup: number, workers: number): number {
  return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

/**
 * The law that fits best, by relative least squares. The time per example and worker, N/X = (1 + σ(N-1) + κN(N-1)) / λ, is
 * linear in 1/λ, σ/λ and κ/λ, and none may be below 0: of all sets of columns the best solution without a negative part
 * wins. κ is left at 0 for fewer than three points, σ for fewer than two.
 */
export function fitScalingLaw(points: readonly ThroughputPoint[]): ScalingLaw {
  assert(points.length > 0, 'a law needs points');
  const columnSets = [[0, 1, 2], [0, 1], [0, 2], [0]].filter((columns) => columns.length <= points.length);
  const rows = points.map(({ workers: n, throughput }) =>
    // Divided by what it is to give: an error counts as a part of the throughput.
    [1, n - 1, n * (n - 1)].map((value) => (value * throughput) / n),
  );
  let best: { coefficients: number[]; error: number } | undefined;
  for (const columns of columnSets) {
    const solution = solveLeastSquares(rows.map((row) => columns.map((column) => row[column])));
    if (!solution || solution[0] <= 0 || solution.some((value) => value < 0)) continue;
    const coefficients = [0, 0, 0];
    columns.forEach((column, i) => {
      coefficients[column] = solution[i];
    });
    const error = rows.reduce((sum, row) => sum + (dot(row, coefficients) - 1) ** 2, 0);
    if (!best || error < best.error - 1e-12) best = { coefficients, error };
  }
  assert(best !== undefined, 'a constant always fits');
  const [a, b, c] = best.coefficients;
  return { lambda: 1 / a, sigma: b / a, kappa: c / a };
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Coefficients with rows·coefficients ≈ 1, by the normal equations; undefined if they are not determined. */
function solveLeastSquares(rows: readonly (readonly number[])[]): number[] | undefined {
  const size = rows[0].length;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
    rows.reduce((sum, row) => sum + row[i], 0),
  ]);
  for (let i = 0; i < size; i++) {
    const pivot = system[i][i];
    if (Math.abs(pivot) < 1e-12) return undefined;
    for (let j = 0; j < size; j++) {
      if (j === i) continue;
      const factor = system[j][i] / pivot;
      system[j] = system[j].map((value, k) => value - factor * system[i][k]);
    }
  }
  return system.map((row, i) => row[size] / row[i]);
}
