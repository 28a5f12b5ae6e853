import type { PoolCounters, WorkerFigures } from '../../reporting/pool-events.ts';
import type { EpochRecord } from '../../training/progress.ts';
import type { RegressionErrors } from '../../training/quality.ts';
import type { SpeedPoint } from '../speed/measured-speeds.ts';
import type { SpeedSummary } from '../speed/speed-summary.ts';
import type { StepDetail } from '../steps/step-detail.ts';
import { createStepHistory, type StepBucket, type StepHistory } from '../steps/step-history.ts';
import { type Incident, type IncidentCounts, keepIncidents } from './incident-log.ts';

/*
 * What the dashboard knows of a run.
 *
 * The coordinator, or a run's folder, gives updates. An update holds what has changed since a
 * cursor, which names the last update that the page has. `applyUpdate` adds it to the view, and the
 * page draws the view. So a run that is live and one that is replayed look the same. A page that
 * was away gets what it has missed in one update.
 */

/** What a run is. It does not change while the run goes on. */
export interface RunFacts {
  /** The name of the run's folder, and its path for commands; null before the folder is open. */
  readonly runDir: string | null;
  readonly dataset: string;
  readonly classNames: readonly string[];
  /** The name of the target, if it is a number. Then there are errors and no accuracy. */
  readonly target?: string;
  /** Such as "784-256-128-10". */
  readonly model: string;
  readonly parameterCount: number;
  readonly numerics: string;
  readonly wireFormat: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly schedule: string;
  readonly loss: string;
  readonly seed: number;
  readonly globalBatch: number;
  readonly microBatchCount: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly stepCount: number;
  /** The first step of this process: 0 unless the run was resumed. */
  readonly firstStep: number;
  readonly earlyStopping: number | null;
  readonly trainingExamples: number;
  readonly validationExamples: number;
  readonly testExamples: number;
  /** The part of all sums that is computed twice, to compare them. */
  readonly auditFraction: number;
  /** Whether there is a cluster; false: one process computes everything. */
  readonly hasCluster: boolean;
  /** Whether all of this comes from the run's folder, and not from its coordinator. */
  readonly isRecorded?: boolean;
  /** Whether all of this is in the page's own file, so that nobody can be asked. */
  readonly isFile?: boolean;
  /** The command that goes on with the run after a stop; null before the folder is open. */
  readonly resumeCommand?: string | null;
  /** The beginning of the command that starts a worker: the coordinator's address follows. */
  readonly workerCommand?: string;
}

export type RunState =
  /** For workers. */
  | 'waiting'
  | 'training'
  /** All steps are done. The end is being saved. */
  | 'finishing'
  | 'done'
  | 'stopped'
  | 'failed'
  /** Its coordinator is gone and has not said why. */
  | 'broken off'
  /** The run's folder is being read; see `RunStatus.readPart`. */
  | 'reading';

export interface RunStatus {
  readonly state: RunState;
  /** The number of updates. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly worldSize: number;
  /** The number of workers that are waited for; 0 while there are enough. */
  readonly workersMissing?: number;
  readonly examplesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly trainLoss: number | null;
  /** The fingerprint of the newest parameters, and the chain; see `ledger.ts`. */
  readonly fingerprint: string | null;
  readonly chain: string | null;
  /** Since the beginning of the run; in its records, since the beginning of its coordinator. */
  readonly counters: PoolCounters | null;
  readonly workers: readonly WorkerRow[];
  /** Workers that were ready and have left a short time ago, newest first. */
  readonly left: readonly LeftWorker[];
  /** How the run ended. */
  readonly end: RunEnding | null;
  /** How much of the run's records is read, 0 to 1, while they are being read. */
  readonly readPart?: number | undefined;
  /** What is known of `lockstep verify` of this run; undefined while nobody looks. */
  readonly verification?: VerificationSummary | undefined;
}

/** What the last `lockstep verify` says of the run as it is now. */
export interface VerificationSummary {
  /** Whether it is about the newest step, and passed. */
  readonly isPassed: boolean;
  /** Whether it is about the newest step, and failed. */
  readonly isFailed: boolean;
  /** For people. */
  readonly sentence: string;
  /** The command to verify it. */
  readonly command: string;
}

/** The run at one moment, as its records have it about once a second. */
export interface Moment {
  /** In ms since 1970. */
  readonly time: number;
  /** The number of updates. */
  readonly step: number;
  readonly status: RunStatus;
  /** Some of the newest steps and evaluations in a row. */
  readonly details: readonly StepDetail[];
  /** See `Update`; undefined if there is none since the moment before. */
  readonly disturbed?: readonly StepDetail[];
}

export interface RunEnding {
  /** One sentence, for people. */
  readonly message: string;
  readonly testAccuracy: number | null;
  readonly testErrors?: RegressionErrors | undefined;
  readonly parametersSha256: string | null;
  readonly totalSeconds: number | null;
}

/** A worker that is here now. */
export interface WorkerRow extends WorkerFigures {
  /** When it was admitted (ISO 8601). */
  readonly since: string;
}

/** A worker that is here no more. */
export interface LeftWorker {
  readonly rank: number;
  readonly name: string;
  readonly reason: string;
  /** In ms since 1970. */
  readonly leftAt: number;
}

/** What has changed. */
export interface Update {
  /** Names the process that gives the updates, and the place up to which this one goes. */
  readonly cursor: Cursor;
  /** Whether the view begins anew with this update. */
  readonly isWhole: boolean;
  readonly facts?: RunFacts;
  readonly status: RunStatus;
  readonly steps: readonly StepBucket[];
  readonly epochs: readonly EpochRecord[];
  readonly incidents: readonly Incident[];
  readonly incidentCounts?: IncidentCounts;
  /** Some of the newest steps and evaluations in a row, the last one perhaps under way. */
  readonly details: readonly StepDetail[];
  /**
   * The newest step in which a share was computed again, with its neighbors. Undefined if there is
   * none, or if the page has it.
   */
  readonly disturbed?: readonly StepDetail[];
  readonly speeds?: readonly SpeedPoint[];
  /** All moments, if they come with the update. A page gets them on demand. */
  readonly moments?: readonly Moment[];
  /** Undefined while no speed is known. */
  readonly speedup?: SpeedSummary | undefined;
  /** When the update was made, in ms since 1970, by the coordinator's clock. */
  readonly time: number;
}

export interface Cursor {
  readonly source: string;
  readonly step: number;
  readonly epoch: number;
  readonly revision: number;
}

/** As text, for `Last-Event-ID`. */
export const formatCursor = ({ source, step, epoch, revision }: Cursor): string =>
  [source, step, epoch, revision].join('.');

/** Undefined if the text is no cursor. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\w{1,64})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (!match) return undefined;
  const [, source, step, epoch, revision] = match;
  return { source, step: Number(step), epoch: Number(epoch), revision: Number(revision) };
}

export interface RunView {
  readonly cursor: Cursor | undefined;
  readonly facts: RunFacts | undefined;
  readonly status: RunStatus | undefined;
  readonly history: StepHistory;
  readonly epochs: readonly EpochRecord[];
  /** Oldest first. */
  readonly incidents: readonly Incident[];
  readonly incidentCounts: IncidentCounts;
  readonly details: readonly StepDetail[];
  readonly disturbed: readonly StepDetail[];
  readonly speeds: readonly SpeedPoint[];
  /** Oldest first; empty until they are asked for. */
  readonly moments: readonly Moment[];
  readonly speedup: SpeedSummary | undefined;
  /** See `Update`. */
  readonly time: number;
}

const INCIDENTS_MAX = 1000;

export const emptyView = (): RunView => ({
  cursor: undefined,
  facts: undefined,
  status: undefined,
  history: createStepHistory(),
  epochs: [],
  incidents: [],
  incidentCounts: {},
  details: [],
  disturbed: [],
  speeds: [],
  moments: [],
  speedup: undefined,
  time: 0,
});

/** The view after an update. The old view must not be used anymore: they share the history. */
export function applyUpdate(old: RunView, update: Update): RunView {
  const view = update.isWhole ? emptyView() : old;
  view.history.add(update.steps);
  const firstEpoch = update.epochs[0]?.epoch ?? Number.POSITIVE_INFINITY;
  const changed = new Set(update.incidents.map(({ id }) => id));
  return {
    cursor: update.cursor,
    facts: update.facts ?? view.facts,
    status: update.status,
    history: view.history,
    epochs: [...view.epochs.filter(({ epoch }) => epoch < firstEpoch), ...update.epochs],
    incidents: keepIncidents(
      [...view.incidents.filter(({ id }) => !changed.has(id)), ...update.incidents].sort(
        (a, b) => a.id - b.id,
      ),
      INCIDENTS_MAX,
    ),
    incidentCounts: update.incidentCounts ?? view.incidentCounts,
    details: update.details,
    disturbed: update.disturbed ?? view.disturbed,
    speeds: update.speeds ?? view.speeds,
    moments: update.moments ?? view.moments,
    speedup: update.speedup,
    time: update.time,
  };
}
