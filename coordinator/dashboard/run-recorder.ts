import type { RunEvent } from '../reporting/events.ts';
import { addCounters, type PoolCounters, RUN_ENDS, WRONG_SUM } from '../reporting/pool-events.ts';
import type { RoundUnderWay } from '../scheduling/share-dispatcher.ts';
import type { StepRecord } from '../training/ledger.ts';
import type { EpochRecord } from '../training/progress.ts';
import { breakDown, type StepBreakdown } from '../training/step-breakdown.ts';
import type { FinishedRound, StepTimes } from '../training/train.ts';
import type { StepTotals } from './event-line.ts';
import { type Happening, happeningOf } from './happening.ts';
import { createIncidentLog, type IncidentNews } from './model/incident-log.ts';
import { createMomentList } from './model/moment-list.ts';
import type {
  Cursor,
  LeftWorker,
  Moment,
  RunEnding,
  RunFacts,
  RunStatus,
  Update,
} from './model/run-view.ts';
import { type SpeedSummary, summarizeSpeeds } from './speed/speed-summary.ts';
import { createSpeedTable } from './speed/speed-table.ts';
import { newestBreakdown } from './steps/newest-breakdown.ts';
import { createRoundMemory } from './steps/round-memory.ts';
import { detailUnderWay, type StepDetail } from './steps/step-detail.ts';
import { bucketOf, createStepHistory, type StepBucket } from './steps/step-history.ts';

/** The part of a status that changes by itself while a run goes on. */
export type LiveStatus = Omit<RunStatus, 'fingerprint' | 'chain' | 'left' | 'end'>;

export interface RunRecorderOptions {
  /** Names this process, in letters and digits. */
  readonly source: string;
  readonly facts: () => RunFacts;
  readonly status: () => LiveStatus;
  /** The round that the workers compute now. */
  readonly underWay: () => RoundUnderWay | undefined;
  /** The coordinator's clock, in ms. */
  readonly now: () => number;
  /** The number of updates so far. */
  readonly step: () => number;
}

/** The workers that have left last, of which the page is told. */
const LEFT_KEPT = 16;
/** The workers that have left whose ranks are known. Many more may come and go in a run. */
const DEPARTED_KEPT = 4096;
/** Steps in a row with the same workers before their speed counts: the first ones measure. */
const STEADY_STEPS = 8;

type WorkerHappening = Happening & { readonly event: 'worker' };

/** The times of a step that its record does not have. */
export interface StepMeasurement {
  /** From the end of the previous step to the end of this one, in ms. */
  readonly wholeMs: number;
  readonly breakdown: StepBreakdown | undefined;
}

/** Collects what the dashboard shows of a run, and gives it as updates. */
export class RunRecorder {
  readonly #options: RunRecorderOptions;
  #history = createStepHistory();
  #incidents = createIncidentLog();
  #speeds = createSpeedTable(STEADY_STEPS);
  /** What the run's earlier coordinators have counted. */
  #earlierCounters: PoolCounters | null = null;
  #epochs: EpochRecord[] = [];
  #moments = createMomentList();
  /** The ranks of workers by their names in the records. */
  readonly #ranks = new Map<string, number>();
  /** The names of those that have left, in order. */
  readonly #departed = new Set<string>();
  #left: readonly LeftWorker[] = [];
  readonly #rounds = createRoundMemory();
  /** Those of the last moment, in a replay. */
  #lastDetails: readonly StepDetail[] = [];
  /** Those of the newest disturbed step, in a replay, and the number of steps then. */
  #lastDisturbed: { readonly details: readonly StepDetail[]; readonly end: number } | undefined;
  /** The number of steps at the last moment. */
  #momentEnd = -1;
  /** The steps since the last moment. */
  #totals: StepTotals | undefined;
  #last: StepRecord | undefined;
  #lastDoneAt: number | undefined;
  #end: { readonly state: EndState; readonly ending: RunEnding } | undefined;
  /** How often everything before has changed, so that pages must begin anew. */
  #generation = 0;
  /** Pages whose cursor has this revision, or an earlier one, have not seen the newest facts. */
  #factsRevision = -1;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** `time`: when it happened, in ms since 1970. */
  observe(event: RunEvent | Happening, time: number): void {
    const happening = happeningOf(event);
    switch (happening?.event) {
      case 'start':
        this.#end = undefined;
        // Another process has other workers, so its speeds say nothing about these.
        this.#speeds = createSpeedTable(STEADY_STEPS);
        return this.#note({ time, kind: 'start', message: describeStart(happening) });
      case 'worker':
        this.#noteMembership(happening, time);
        return this.#observeWorker(happening, time);
      case 'notice': {
        const { code, message, count, since } = happening;
        return this.#note({ time, kind: code, message, count, since });
      }
      case 'checkpoint': {
        const message = `checkpoint of step ${happening.step} saved`;
        return this.#note({ time, kind: 'checkpoint', message });
      }
      case 'epoch': {
        const { event: _, ...epoch } = happening;
        this.#epochs.push(epoch);
        return;
      }
      case 'stopped':
        return this.#finish('stopped', time, {
          ...NO_RESULT,
          message: `stopped after ${happening.step} steps; the state is saved`,
        });
      case 'done': {
        const { testAccuracy, testErrors, parametersSha256, totalSeconds, steps } = happening;
        const message = `done after ${steps} steps`;
        return this.#finish('done', time, {
          message,
          testAccuracy,
          testErrors,
          parametersSha256,
          totalSeconds,
        });
      }
      case 'error':
        return this.fail(happening.message, time);
    }
  }

  /** Adds a step. `times` is undefined if nobody has measured them. */
  record(record: StepRecord, times: StepTimes | undefined, time: number): void {
    const { step, epoch, milliseconds } = record;
    const last = this.#last;
    const isNext = last?.step === step - 1 && last.epoch === epoch;
    const wholeMs =
      isNext && times && this.#lastDoneAt !== undefined
        ? times.doneAt - this.#lastDoneAt
        : milliseconds;
    const breakdown = times && breakDown({ ...times, step, epoch, milliseconds, wholeMs });
    const bucket = this.recordAgain(record, { wholeMs, breakdown }, time);
    this.#totals = withBucket(this.#totals, bucket, wholeMs - milliseconds);
    this.#lastDoneAt = times?.doneAt;
    if (times)
      this.#rounds.add({ ...record, round: { kind: 'train', step }, times }, this.#history.end);
  }

  /** Gives ranks to workers of which no event tells, so that they have colors. */
  rankWorkers({ work }: StepRecord): void {
    for (const [, , worker] of work)
      if (worker !== null && !this.#ranks.has(worker))
        this.#ranks.set(worker, 1 + Math.max(-1, ...this.#ranks.values()));
  }

  /** Adds a step that was measured before. Returns what the page gets of it. */
  recordAgain(
    record: StepRecord,
    { wholeMs, breakdown }: StepMeasurement,
    time: number,
  ): StepBucket {
    const { step, loss, learningRate, examples, worldSize } = record;
    // The charts of numbers show R² in place of the accuracy.
    const accuracy = record.accuracy ?? record.errors?.r2 ?? 0;
    const bucket = bucketOf({
      ...{ step, endedAt: time, examples, milliseconds: wholeMs, loss, accuracy, learningRate },
      ...{ worldSize, breakdown, shares: this.#sharesOf(record) },
    });
    this.#history.add([bucket]);
    this.#speeds.add(worldSize, examples, wholeMs);
    this.#last = record;
    return bucket;
  }

  /** Adds an evaluation. */
  recordEvaluation(evaluation: FinishedRound, times: StepTimes): void {
    this.#rounds.add({ ...evaluation, loss: null, times }, this.#history.end);
  }

  /** The facts have changed. */
  refreshFacts(): void {
    this.#factsRevision = this.#incidents.revision;
  }

  /** The run has ended with an error. */
  fail(message: string, time: number): void {
    if (!this.#end) this.#finish('failed', time, { ...NO_RESULT, message });
  }

  /** The coordinator of a recorded run is gone, and has not said why; undefined: it is not. */
  breakOff(message: string | undefined): void {
    if (this.#end && this.#end.state !== 'broken off') return;
    const ending = message === undefined ? undefined : { ...NO_RESULT, message };
    this.#end = ending && { state: 'broken off', ending };
  }

  /** Whether the run has ended, as far as its events tell. */
  get isOver(): boolean {
    return this.#end !== undefined && this.#end.state !== 'broken off';
  }

  /** What has changed since a cursor; everything without one, or if it is of another process. */
  updateAfter(cursor: Cursor | undefined): Omit<Update, 'time'> {
    const { facts } = this.#options;
    const source = `${this.#options.source}x${this.#generation}`;
    const isWhole = cursor?.source !== source;
    const { step, epoch, revision } = isWhole ? BEGINNING : cursor;
    const hasNewFacts = isWhole || revision <= this.#factsRevision;
    const disturbed = this.#disturbedAfter(isWhole ? -1 : step);
    const lastEpoch = this.#epochs.at(-1)?.epoch ?? 0;
    return {
      cursor: {
        source,
        step: this.#history.end,
        epoch: lastEpoch,
        revision: this.#incidents.revision,
      },
      isWhole,
      ...(hasNewFacts && { facts: facts() }),
      status: this.#withEarlier(this.#status()),
      steps: this.#history.from(step),
      epochs: this.#epochs.filter((each) => each.epoch > epoch),
      incidents: this.#incidents.after(revision),
      incidentCounts: this.#incidents.counts,
      details: this.#details(),
      ...(disturbed && { disturbed }),
      speeds: this.#speeds.points(),
      speedup: this.#speedup(),
    };
  }

  /**
   * The run as it is now, for its records, and the steps since the last call. It has the counters
   * of this coordinator alone.
   */
  takeMoment(time: number): { moment: Moment; totals: StepTotals | null } {
    const all = this.#details().filter(({ isDone }) => isDone);
    const details = this.#end ? all : all.filter(({ kind }) => kind === 'train').slice(-1);
    const disturbed = this.#disturbedAfter(this.#momentEnd);
    const step = this.#options.step();
    const moment = { time, step, status: this.#status(), details, ...(disturbed && { disturbed }) };
    const totals = this.#totals ?? null;
    this.#totals = undefined;
    this.#momentEnd = this.#history.end;
    return { moment, totals };
  }

  /** Keeps a moment, for going back in time. In a replay, the page shows its details. */
  keepMoment(moment: Moment): void {
    this.#addMoment(moment);
    const { details, disturbed } = moment;
    this.#lastDetails = details;
    if (disturbed) this.#lastDisturbed = { details: disturbed, end: this.#history.end };
  }

  /** All moments that are kept, as JSON: an array, oldest first. */
  momentsAsJson(): string {
    return `[${this.#moments.all().join()}]`;
  }

  /** Puts the records of the run's earlier coordinators before those of this one. */
  precede(past: RunRecorder): void {
    const [history, moments] = [createStepHistory(), createMomentList()];
    const incidents = createIncidentLog();
    for (const each of [past, this]) {
      history.add(each.#history.all());
      incidents.include(each.#incidents);
    }
    for (const moment of past.#moments.all()) moments.add(moment);
    const own = this.#moments.all();
    this.#earlierCounters = past.#status().counters;
    this.#history = history;
    this.#incidents = incidents;
    this.#moments = moments;
    for (const moment of own) this.#addMoment(JSON.parse(moment) as Moment);
    this.#epochs = [...past.#epochs, ...this.#epochs];
    this.#generation++;
  }

  /** See `RoundMemory`. */
  #disturbedAfter(end: number): readonly StepDetail[] | undefined {
    const last = this.#lastDisturbed;
    const recorded = last && last.end > end ? last.details : undefined;
    return this.#rounds.disturbedAfter(end, this.#rankOf) ?? recorded;
  }

  #speedup(): SpeedSummary | undefined {
    const breakdown = newestBreakdown(this.#history.all())?.parts;
    return summarizeSpeeds(this.#speeds.points(), breakdown, this.#options.facts().globalBatch);
  }

  #status(): RunStatus {
    const live = this.#options.status();
    const { fingerprint = null, chain = null } = this.#last ?? {};
    const { state = live.state, ending = null } = this.#end ?? {};
    return { ...live, state, fingerprint, chain, left: this.#left, end: ending };
  }

  /** A status that counts since the beginning of the run. */
  #withEarlier(status: RunStatus): RunStatus {
    return { ...status, counters: addCounters(this.#earlierCounters, status.counters) };
  }

  #addMoment(moment: Moment): void {
    this.#moments.add(JSON.stringify({ ...moment, status: this.#withEarlier(moment.status) }));
  }

  #finish(state: EndState, time: number, ending: RunEnding): void {
    this.#end = { state, ending };
    this.#note({ time, kind: state, message: ending.message });
  }

  #note(incident: Omit<IncidentNews, 'step'>): void {
    this.#incidents.add({ ...incident, step: this.#options.step() });
  }

  /**
   * Remembers who has left. Their ranks are known for a while, because a worker's last step is
   * recorded after it has left.
   */
  #noteMembership(event: WorkerHappening, time: number): void {
    const label = labelOf(event);
    this.#departed.delete(label);
    if (event.state === 'ready') return;
    const { rank, name, reason } = event;
    this.#left = [{ rank, name, reason, leftAt: time }, ...this.#left].slice(0, LEFT_KEPT);
    this.#departed.add(label);
    if (this.#departed.size <= DEPARTED_KEPT) return;
    const [oldest] = this.#departed;
    this.#departed.delete(oldest);
    this.#ranks.delete(oldest);
  }

  #observeWorker(event: WorkerHappening, time: number): void {
    const { rank, name, worldSize } = event;
    this.#ranks.set(labelOf(event), rank);
    // At the end all workers leave, as expected.
    if (event.state === 'left' && RUN_ENDS.includes(event.reason)) return;
    const who = `rank ${rank} (${name})`;
    const noun = worldSize === 1 ? 'worker' : 'workers';
    const workers = `${worldSize === 0 ? 'no' : worldSize} ${noun}`;
    if (event.state === 'ready')
      return this.#note({ time, kind: 'joined', message: `${who} joined: ${workers} now` });
    const remain = `${workers} ${worldSize === 1 ? 'remains' : 'remain'}`;
    const [kind, how] = describeLeaving(event.reason);
    this.#note({ time, kind, message: `${who} ${how}: ${remain}` });
  }

  readonly #rankOf = (worker: string | null): number | null =>
    worker === null ? null : (this.#ranks.get(worker) ?? null);

  #sharesOf({ work }: StepRecord): Map<number, number> {
    const shares = new Map<number, number>();
    for (const [lo, hi, worker] of work) {
      const rank = this.#rankOf(worker) ?? -1;
      shares.set(rank, (shares.get(rank) ?? 0) + hi - lo);
    }
    return shares;
  }

  /** The newest rounds, and the one under way. In a replay, those of the last moment. */
  #details(): readonly StepDetail[] {
    const { underWay, now } = this.#options;
    const round = this.#end ? undefined : underWay();
    const own = this.#rounds.newest(this.#rankOf);
    const newest = own.length > 0 ? own : this.#lastDetails;
    if (!round) return newest;
    return [...newest, detailUnderWay(round.round, round.timing, round.startedAt, now())];
  }
}

const describeStart = ({ step, resumedFrom }: Happening & { event: 'start' }): string =>
  resumedFrom === null ? 'the run begins' : `the run goes on after step ${step}`;

type EndState = 'done' | 'stopped' | 'failed' | 'broken off';

function withBucket(
  totals: StepTotals | undefined,
  { from, to, timedSteps, parts }: StepBucket,
  betweenMs: number,
): StepTotals {
  return {
    from: totals?.from ?? from,
    to,
    betweenMs: (totals?.betweenMs ?? 0) + betweenMs,
    timedSteps: (totals?.timedSteps ?? 0) + timedSteps,
    parts: parts.map((ms, i) => ms + (totals?.parts[i] ?? 0)),
  };
}

/** The kind of incident, and what happened. */
function describeLeaving(reason: string): ['left' | 'lost' | 'expelled', string] {
  if (reason === 'drained') return ['left', 'left, as it was asked to'];
  if (reason.startsWith(WRONG_SUM)) return ['expelled', 'was removed, because it gave a wrong sum'];
  return ['lost', `is gone (${reason})`];
}

/** A worker's name in the records. */
const labelOf = ({ name, pid }: WorkerHappening): string =>
  pid === undefined ? name : `${name}/${pid}`;

const BEGINNING = { step: 0, epoch: 0, revision: 0 };
const NO_RESULT = { testAccuracy: null, parametersSha256: null, totalSeconds: null };
