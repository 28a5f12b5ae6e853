/** A worker's measured speed in one kind of round. */
export interface Throughput {
  /** Smoothed over recent shares. Includes the time for transfer. */
  readonly examplesPerSecond: number;
  /** The mean absolute difference of a share's own speed from that, as a fraction of it. */
  readonly deviation: number;
}

/**
 * A worker that was too slow to get a share is estimated faster by this factor each round, until it
 * gets a share and is measured again.
 */
const ESTIMATE_GROWTH = 1.02;
/** The weight of the newest share in a smoothed value. */
const SMOOTHING = 0.2;
/** The assumed deviation after only one share. */
const FIRST_DEVIATION = 0.5;
/**
 * The deviation of a smoothed speed is sqrt(SMOOTHING / (2 - SMOOTHING)) = 1/3 of that of single
 * shares. Two such deviations are 2/3. A worker that differs from the mean by no more than that may
 * be as fast as the others.
 */
const DOUBT = 2 / 3;

/** The throughput of a worker after one more share, which it computed at `examplesPerSecond`. */
export function measure(before: Throughput | undefined, examplesPerSecond: number): Throughput {
  if (!before) return { examplesPerSecond, deviation: FIRST_DEVIATION };
  const difference = examplesPerSecond - before.examplesPerSecond;
  const deviation = Math.abs(difference) / before.examplesPerSecond;
  return {
    examplesPerSecond: before.examplesPerSecond + SMOOTHING * difference,
    deviation: before.deviation + SMOOTHING * (deviation - before.deviation),
  };
}

/**
 * The smoothed fraction of a share's time that is not computing, after one more share. `before` is
 * its value so far.
 */
export function measureCommunication(before: number, computeMs: number, wholeMs: number): number {
  const part = Math.min(Math.max(1 - computeMs / wholeMs, 0), 1);
  return before + SMOOTHING * (part - before);
}

/** The estimated throughput of a worker after one more round without a share. */
export function raiseEstimate(known: Throughput): Throughput {
  return { ...known, examplesPerSecond: known.examplesPerSecond * ESTIMATE_GROWTH };
}

/**
 * The speeds by which work is divided. Treats statistically indistinguishable workers as equally
 * fast: the mean replaces a speed that may differ from it by chance. Otherwise chance would make
 * some shares larger, and every round would wait for those. Uneven shares also mean that workers
 * send more vectors.
 */
export function plannedSpeeds(
  throughputs: readonly (Throughput | undefined)[],
): (number | undefined)[] {
  const known = throughputs.filter((throughput) => throughput !== undefined);
  const mean =
    known.reduce((sum, { examplesPerSecond }) => sum + examplesPerSecond, 0) / known.length;
  return throughputs.map((throughput) => {
    if (!throughput) return undefined;
    const { examplesPerSecond, deviation } = throughput;
    const isDoubtful = Math.abs(examplesPerSecond - mean) <= DOUBT * deviation * mean;
    return isDoubtful ? mean : examplesPerSecond;
  });
}
