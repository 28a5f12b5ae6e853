import { STEP_PARTS, type StepBreakdown } from '../../training/step-breakdown.ts';

/*
 * The steps of a run, for curves.
 *
 * The problem. A run has up to millions of steps. A chart has a thousand pixels, and people want
 * the newest steps exactly.
 *
 * The rule. The newest steps are kept one by one. Older ones are folded into buckets of 2^level
 * steps. When there are too many buckets, each two neighbors become one, and the level grows.
 *
 *     step    0       8       16      24  26  28  30
 *             ├───────┼───────┼───────┼─┼─┼─┼─┼─┼─┤
 *             └─ buckets of 2^3 steps ┘└ one by one ┘
 *
 * The coordinator and the page keep the same structure. The page gets only what is new. Where the
 * buckets begin and end follows from the first and the newest step alone. So it does not matter
 * how many updates the page has missed, or in how many updates it got the steps.
 */

/** Ranks from this one on are counted together. */
export const OTHER_RANKS = 16;

/** Consecutive steps. Numbers are sums over the steps, unless they say otherwise. */
export interface StepBucket {
  readonly from: number;
  /** The step after the last one. */
  readonly to: number;
  /** When the last step was recorded, in ms since 1970. */
  readonly endedAt: number;
  readonly examples: number;
  /** The time in steps, in ms. */
  readonly milliseconds: number;
  /** The loss of a step times its number of examples. */
  readonly lossSum: number;
  /** The smallest and the largest loss of a step. */
  readonly lossMin: number;
  readonly lossMax: number;
  readonly correctCount: number;
  /** That of the last step. */
  readonly learningRate: number;
  readonly worldSizeMin: number;
  readonly worldSizeMax: number;
  /** The steps of which the times of `parts` are known. */
  readonly timedSteps: number;
  /** The time of each part of a step in ms, in the order of `STEP_PARTS`. */
  readonly parts: readonly number[];
  /** The number of micro-batches that each rank gave, by rank; -1: the coordinator. */
  readonly shares: Readonly<Record<string, number>>;
}

/** One step, as it was recorded. */
export interface RecordedStep {
  readonly step: number;
  readonly endedAt: number;
  readonly examples: number;
  readonly milliseconds: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly worldSize: number;
  readonly breakdown: StepBreakdown | undefined;
  /** The number of micro-batches that each rank gave; -1: the coordinator. */
  readonly shares: ReadonlyMap<number, number>;
}

export interface StepHistoryLimits {
  /** The newest steps that are kept one by one: so many at least, and less than twice as many. */
  readonly exactMin: number;
  /** The number of buckets of older steps. */
  readonly bucketsMax: number;
}

const LIMITS: StepHistoryLimits = { exactMin: 256, bucketsMax: 1024 };

export interface StepHistory {
  /** Adds buckets that follow the last one. Those that overlap them are replaced. */
  add(buckets: readonly StepBucket[]): void;
  /** The buckets with a step from `step` on, oldest first. */
  from(step: number): StepBucket[];
  /** All buckets, oldest first. */
  all(): StepBucket[];
  /** The step after the newest one; 0 before the first one. */
  readonly end: number;
}

export function createStepHistory(limits: StepHistoryLimits = LIMITS): StepHistory {
  const { exactMin, bucketsMax } = limits;
  let old: StepBucket[] = [];
  const newest: StepBucket[] = [];
  let level = 0;

  const end = (): number => newest.at(-1)?.to ?? old.at(-1)?.to ?? 0;
  const placeOf = (step: number): number => Math.floor(step / 2 ** level);

  /** Adds a bucket to the old ones. It joins the last one if both are of the same 2^level steps. */
  function fold(bucket: StepBucket): void {
    const last = old.at(-1);
    const isSame = last && placeOf(last.from) === placeOf(bucket.to - 1);
    if (isSame) old[old.length - 1] = merge(last, bucket);
    else old.push(bucket);
  }

  function shrink(): void {
    const exactFrom = (Math.floor(end() / exactMin) - 1) * exactMin;
    const kept = newest.findIndex(({ to }) => to > exactFrom);
    if (kept <= 0) return;
    const first = (old[0] ?? newest[0]).from;
    const before = level;
    while (placeOf(exactFrom - 1) - placeOf(first) >= bucketsMax) level++;
    if (level > before) {
      const finer = old;
      old = [];
      finer.forEach(fold);
    }
    newest.splice(0, kept).forEach(fold);
  }

  function dropFrom(step: number): void {
    while ((newest.at(-1)?.to ?? 0) > step) newest.pop();
    if (newest.length === 0) while ((old.at(-1)?.to ?? 0) > step) old.pop();
  }

  return {
    add(buckets) {
      for (const bucket of buckets) {
        dropFrom(bucket.from);
        newest.push(bucket);
      }
      shrink();
    },
    from: (step) => [...old, ...newest].filter(({ to }) => to > step),
    all: () => [...old, ...newest],
    get end() {
      return end();
    },
  };
}

/** A bucket of one step. */
export function bucketOf(recorded: RecordedStep): StepBucket {
  const { step, endedAt, examples, milliseconds, loss, accuracy, learningRate } = recorded;
  const { worldSize, breakdown } = recorded;
  const shares: Record<string, number> = {};
  for (const [rank, leaves] of recorded.shares) {
    const key = Math.min(rank, OTHER_RANKS);
    shares[key] = (shares[key] ?? 0) + leaves;
  }
  return {
    from: step,
    to: step + 1,
    endedAt,
    examples,
    milliseconds: toMicroseconds(milliseconds),
    lossSum: loss * examples,
    lossMin: loss,
    lossMax: loss,
    correctCount: accuracy * examples,
    learningRate,
    worldSizeMin: worldSize,
    worldSizeMax: worldSize,
    timedSteps: breakdown ? 1 : 0,
    parts: STEP_PARTS.map((part) => toMicroseconds(breakdown?.[part] ?? 0)),
    shares,
  };
}

/** Rounded, because the times of many steps are sent to the page. */
const toMicroseconds = (ms: number): number => Math.round(ms * 1000) / 1000;

/** The bucket of two buckets, of which `b` follows `a`. */
export function merge(a: StepBucket, b: StepBucket): StepBucket {
  const shares: Record<string, number> = { ...a.shares };
  for (const [rank, leaves] of Object.entries(b.shares))
    shares[rank] = (shares[rank] ?? 0) + leaves;
  return {
    from: a.from,
    to: b.to,
    endedAt: b.endedAt,
    examples: a.examples + b.examples,
    milliseconds: toMicroseconds(a.milliseconds + b.milliseconds),
    lossSum: a.lossSum + b.lossSum,
    lossMin: Math.min(a.lossMin, b.lossMin),
    lossMax: Math.max(a.lossMax, b.lossMax),
    correctCount: a.correctCount + b.correctCount,
    learningRate: b.learningRate,
    worldSizeMin: Math.min(a.worldSizeMin, b.worldSizeMin),
    worldSizeMax: Math.max(a.worldSizeMax, b.worldSizeMax),
    timedSteps: a.timedSteps + b.timedSteps,
    parts: a.parts.map((ms, i) => toMicroseconds(ms + b.parts[i])),
    shares,
  };
}

/** The mean loss over the examples of a bucket. */
export const meanLoss = ({ lossSum, examples }: StepBucket): number => lossSum / examples;

/** The examples per second of a bucket's time in steps; 0 while no time has passed. */
export const speedOf = ({ examples, milliseconds }: StepBucket): number =>
  milliseconds === 0 ? 0 : (examples / milliseconds) * 1000;
