import { measureSpeeds, type SpeedPoint } from '../speed/measured-speeds.ts';
import { createStepHistory, meanLoss, type StepBucket, speedOf } from '../steps/step-history.ts';
import { newestStart } from './incident-kinds.ts';
import { asItBegan, type Incident, type IncidentCounts } from './incident-log.ts';
import type { Moment, RunStatus, RunView } from './run-view.ts';

/**
 * The view of a run as it was after `step` updates: the curves and incidents up to there, and the
 * workers and the step's detail of the last recorded moment before. The view itself does not
 * change, and is returned if the run has not been further.
 */
export function viewAt(view: RunView, step: number): RunView {
  const { status, history } = view;
  if (!status || step >= status.step) return view;
  const buckets = history.all().filter(({ to }) => to <= step);
  const moment = view.moments.findLast((each) => each.step <= step);
  // Before the first moment, the first one says most: the workers were on their way.
  const shown = moment ?? view.moments[0];
  const then = createStepHistory({ exactMin: Number.POSITIVE_INFINITY, bucketsMax: 1 });
  then.add(buckets);
  const incidents = view.incidents
    .filter(({ firstStep }) => firstStep <= step)
    .map((incident) => (incident.step <= step ? incident : asItBegan(incident)));
  const start = newestStart(incidents);
  const speeds = speedsOf(buckets.filter(({ from }) => from >= start));
  return {
    ...view,
    history: then,
    status: statusAt(status, step, shown, buckets, view.facts?.stepsPerEpoch),
    epochs: view.epochs.filter((epoch) => epoch.step <= step),
    incidents,
    incidentCounts: countsOf(incidents),
    details: shown?.details ?? [],
    disturbed:
      view.moments.findLast((each) => each.step <= step && each.disturbed)?.disturbed ?? [],
    speeds,
    speedup: speeds.length > 0 ? { ...measureSpeeds(speeds), law: null, notes: [] } : undefined,
    time: buckets.at(-1)?.endedAt ?? shown?.time ?? view.time,
  };
}

/** The buckets of which the means say how a run is doing. */
const RECENT = 16;

function statusAt(
  now: RunStatus,
  step: number,
  moment: Moment | undefined,
  buckets: readonly StepBucket[],
  stepsPerEpoch = Number.POSITIVE_INFINITY,
): RunStatus {
  // A moment is the whole truth at its own step only.
  if (moment?.step === step) return { ...moment.status, readPart: now.readPart };
  const recent = buckets.slice(-RECENT);
  const last = recent.at(-1);
  const workers = moment?.status.workers ?? [];
  const examples = recent.reduce((sum, bucket) => sum + bucket.examples, 0);
  const loss = recent.reduce((sum, bucket) => sum + meanLoss(bucket) * bucket.examples, 0);
  return {
    state: 'training',
    step,
    epoch: Math.max(1, Math.ceil(step / stepsPerEpoch)),
    worldSize: moment?.status.worldSize ?? last?.worldSizeMax ?? 0,
    examplesPerSecond: last ? speedOf(last) : 0,
    secondsLeft: null,
    trainLoss: examples > 0 ? loss / examples : null,
    fingerprint: null,
    chain: null,
    counters: moment?.status.counters ?? null,
    workers,
    left: moment?.status.left ?? [],
    end: null,
    readPart: now.readPart,
  };
}

function countsOf(incidents: readonly Incident[]): IncidentCounts {
  const counts: Record<string, number> = {};
  for (const { kind, count } of incidents) counts[kind] = (counts[kind] ?? 0) + count;
  return counts;
}

/** The speeds by number of workers, from the buckets in which that number did not change. */
function speedsOf(buckets: readonly StepBucket[]): SpeedPoint[] {
  const points = new Map<number, SpeedPoint>();
  for (const { from, to, examples, milliseconds, worldSizeMin, worldSizeMax } of buckets) {
    if (worldSizeMin !== worldSizeMax) continue;
    const point = points.get(worldSizeMin);
    points.set(worldSizeMin, {
      workers: worldSizeMin,
      steps: (point?.steps ?? 0) + to - from,
      examples: (point?.examples ?? 0) + examples,
      milliseconds: (point?.milliseconds ?? 0) + milliseconds,
    });
  }
  return [...points.values()].sort((a, b) => a.workers - b.workers);
}
