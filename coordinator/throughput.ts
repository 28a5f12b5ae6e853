/** A worker's speed at one kind of work, as measured. */
export interface Throughput {
  /** Smoothed over recent shares, transfer included. */
  readonly examplesPerSecond: number;
  /** How far a share's own speed is from that on average, as a part of it. */
  readonly deviation: number;
}

/** By how much a worker too slow for a share is trusted more each round, until it gets one and is measured again. */
const TRUST = 1.02;
/** How much the newest share counts. */
const SMOOTHING = 0.2;
/** What one share says of a speed may be wrong by this part of it. */
const FIRST_DEVIATION = 0.5;
/**
 * The smoothed speed varies by sqrt(SMOOTHING / (2 - SMOOTHING)) = a third of what single shares do. A worker whose
 * difference from the others is less than two of that may well be as fast as they are.
 */
const DOUBT = 2 / 3;

/** What is known of a worker's speed after one more share, done at `examplesPerSecond`. */
export function measure(before: Throughput | undefined, examplesPerSecond: number): Throughput {
  if (!before) return { examplesPerSecond, deviation: FIRST_DEVIATION };
  const difference = examplesPerSecond - before.examplesPerSecond;
  const deviation = Math.abs(difference) / before.examplesPerSecond;
  return {
    examplesPerSecond: before.examplesPerSecond + SMOOTHING * difference,
    deviation: before.deviation + SMOOTHING * (deviation - before.deviation),
  };
}

/** The part of a share's time that goes by with anything but computing, after one more share. */
export function measureExchange(before: number, computeMs: number, wholeMs: number): number {
  const part = Math.min(Math.max(1 - computeMs / wholeMs, 0), 1);
  return before + SMOOTHING * (part - before);
}

/** What is believed of a worker's speed after one more round without a share. */
export function trust(known: Throughput): Throughput {
  return { ...known, examplesPerSecond: known.examplesPerSecond * TRUST };
}

/**
 * The speeds to divide work by: those that cannot be told from the mean are the mean. Chance would else make one share
 * larger than the other, and all would wait for the larger one; uneven shares are also more vectors to send.
 */
export function plannedSpeeds(throughputs: readonly (Throughput | undefined)[]): (number | undefined)[] {
  const known = throughputs.filter((throughput) => throughput !== undefined);
  const mean = known.reduce((sum, { examplesPerSecond }) => sum + examplesPerSecond, 0) / known.length;
  return throughputs.map((throughput) => {
    if (!throughput) return undefined;
    const { examplesPerSecond, deviation } = throughput;
    const isDoubtful = Math.abs(examplesPerSecond - mean) <= DOUBT * deviation * mean;
    return isDoubtful ? mean : examplesPerSecond;
  });
}
