import { assert } from '../../../shared/assert.ts';
import { formatCount, formatQuantity } from '../../../shared/cli/format.ts';

/** A measured throughput in examples/s. */
export interface ThroughputPoint {
  readonly workers: number;
  readonly throughput: number;
}

/**
 * The universal scalability law: X(N) = λN / (1 + σ(N-1) + κN(N-1)) is the throughput of N workers.
 * With κ = 0 it is Amdahl's law. Source: Gunther, "Guerrilla Capacity Planning", 2007, chapter 4.
 */
export interface ScalingLaw {
  /** λ: throughput of one worker, in examples/s. */
  readonly lambda: number;
  /** σ: part of the work that does not get faster with more workers. */
  readonly sigma: number;
  /** κ: cost of each pair of workers. */
  readonly kappa: number;
}

export function throughputAt({ lambda, sigma, kappa }: ScalingLaw, workers: number): number {
  return (lambda * workers) / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

/** The number of workers with the highest throughput, at least 1. Infinite if κ = 0. */
export function bestWorkers({ sigma, kappa }: ScalingLaw): number {
  if (kappa === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.sqrt(Math.max(0, 1 - sigma) / kappa));
}

/**
 * The serial fraction of the work, from a measured speedup S of N workers: (1/S - 1/N) / (1 - 1/N).
 * It is negative if S > N. Source: Karp and Flatt, "Measuring parallel processor performance",
 * CACM 33 (1990).
 */
export function serialFraction(speedup: number, workers: number): number {
  return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

/** "universal scalability law: σ = 0.020, κ = 0.0010". */
export function describeLaw({ sigma, kappa }: ScalingLaw): string {
  if (sigma === 0 && kappa === 0) return 'linear law';
  const name = kappa === 0 ? 'Amdahl’s law' : 'universal scalability law';
  const kappaPart = kappa === 0 ? '' : `, κ = ${kappa.toPrecision(2)}`;
  return `${name}: σ = ${sigma.toPrecision(2)}${kappaPart}`;
}

/** The best number of workers by the law, in words. `most`: the largest number measured. */
export function describeBest(law: ScalingLaw, most: number): string {
  const best = bestWorkers(law);
  if (best === Number.POSITIVE_INFINITY) {
    if (law.sigma === 0)
      return 'This law has no limit. Do not trust it far beyond the measured numbers of workers.';
    const limit = (1 / law.sigma).toPrecision(2);
    return `By this law, the speedup approaches ${limit} as the number of workers grows.`;
  }
  const far = best > 2 * most ? ' This is far beyond the measured numbers of workers.' : '';
  return (
    'By this law, training is fastest with ' +
    `${formatQuantity(roundToTwoDigits(best), 'worker')}, ` +
    `at ${formatCount(throughputAt(law, best))} examples/s.${far}`
  );
}

/** 117 becomes 120, and 11.7 becomes 12. */
const roundToTwoDigits = (value: number): number => Number(value.toPrecision(2));

/**
 * Fits the law by relative least squares.
 *
 * The time per example and worker, N/X = (1 + σ(N-1) + κN(N-1)) / λ, is linear in 1/λ, σ/λ and κ/λ.
 * None of these may be negative. So each set of columns is solved, and the best solution without a
 * negative value is returned. With fewer than three points only one of σ and κ can be above 0, and
 * with one point both are 0.
 */
export function fitScalingLaw(points: readonly ThroughputPoint[]): ScalingLaw {
  assert(points.length > 0, 'a law needs points');
  const columnSets = [[0, 1, 2], [0, 1], [0, 2], [0]].filter(
    (columns) => columns.length <= points.length,
  );
  const rows = points.map(({ workers: n, throughput }) =>
    // Each row is divided by its right side N/X, so errors are relative to the throughput.
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

/**
 * The least-squares solution of rows · coefficients = 1, by the normal equations. Undefined if the
 * equations are singular.
 */
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
