import { formatQuantity } from '../../../shared/cli/format.ts';
import type { StepBreakdown } from '../../training/step-breakdown.ts';
import { adviceOn, describeLimit, limitOf } from '../steps/step-parts.ts';
import {
  type MeasuredSpeed,
  measureSpeeds,
  type SpeedPoint,
  SURE_STEPS_MIN,
} from './measured-speeds.ts';
import { describeBest, fitScalingLaw, type ScalingLaw } from './scaling-law.ts';

/** What the speeds of a run say. */
export interface SpeedSummary {
  /** By number of workers, ascending. */
  readonly measured: readonly MeasuredSpeed[];
  /** The place of the speed in `measured` that the others are compared with. */
  readonly base: number;
  /** Null with fewer than three numbers of workers. */
  readonly law: ScalingLaw | null;
  /** Sentences for people. */
  readonly notes: readonly string[];
}

/** A law has three coefficients. */
const LAW_POINTS_MIN = 3;

/** Undefined if nothing is measured. `breakdown`: that of the newest steps. */
export function summarizeSpeeds(
  points: readonly SpeedPoint[],
  breakdown: StepBreakdown | undefined,
  globalBatch: number,
): SpeedSummary | undefined {
  const { measured, base } = measureSpeeds(points);
  if (measured.length === 0) return undefined;
  const sure = measured.filter(({ isDoubtful }) => !isDoubtful);
  const law = sure.length < LAW_POINTS_MIN ? null : lawOf(sure);
  const most = sure.at(-1)?.workers ?? 0;
  return {
    measured,
    base,
    law,
    notes: [
      describeIdeal(measured[base].workers),
      ...(law ? [`The curve is the fitted scaling law. ${describeBest(law, most)}`] : []),
      ...(sure.length < measured.length
        ? [`A hollow point has fewer than ${SURE_STEPS_MIN} steps.`]
        : []),
      ...(breakdown ? [describeLimitAndAdvice(breakdown, globalBatch)] : []),
    ],
  };
}

const lawOf = (sure: readonly MeasuredSpeed[]): ScalingLaw =>
  fitScalingLaw(
    sure.map(({ workers, examplesPerSecond: throughput }) => ({ workers, throughput })),
  );

const describeIdeal = (base: number): string =>
  base === 1
    ? 'The dashed line is ideal: N workers would be N times as fast as one.'
    : `The dashed line is ideal. It starts from ${formatQuantity(base, 'worker')}, ` +
      'because one alone was not measured.';

function describeLimitAndAdvice(breakdown: StepBreakdown, globalBatch: number): string {
  const limit = limitOf(breakdown);
  const advice = adviceOn(limit.name, globalBatch);
  return advice === undefined ? describeLimit(limit) : `${describeLimit(limit)} Try ${advice}.`;
}
