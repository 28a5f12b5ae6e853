import type * as z from 'zod';
import { type EventLine, parseEventLine, type StepTotals } from '../dashboard/event-line.ts';
import type { Happening } from '../dashboard/happening.ts';
import type { RunFacts, WorkerRow } from '../dashboard/model/run-view.ts';
import { type LiveStatus, RunRecorder, type StepMeasurement } from '../dashboard/run-recorder.ts';
import { addCounters, type PoolCounters } from '../reporting/pool-events.ts';
import { StepRecord } from '../training/ledger.ts';
import { EpochRecord } from '../training/progress.ts';
import { STEP_PARTS, type StepBreakdown } from '../training/step-breakdown.ts';
import type { LineTail } from './line-tail.ts';

/*
 * The records of a run become what the dashboard shows: the same recorder gets the same steps and
 * events in the same order as while the run went on.
 *
 *   metrics.jsonl   step 0   step 1   step 2   step 3   …
 *   events.jsonl      joined ─┘                  moment ─┘ (its totals are about steps 0 to 3)
 *
 * The events of the steps to come are read first, because a moment has what the records of the
 * steps before it lack: the time of day, and where the time went. Of both files only a piece is in
 * memory at a time.
 */

export interface RunReplayOptions {
  /** Names this replay, in letters and digits. */
  readonly source: string;
  readonly facts: () => RunFacts;
  readonly metrics: LineTail;
  readonly epochs: LineTail;
  readonly events: LineTail;
  /** By any clock in ms that never goes back. */
  readonly now: () => number;
}

type StartLine = EventLine & { readonly event: 'start' };

/** A step that is read and not shown yet. */
interface WaitingStep {
  readonly record: StepRecord;
  readonly readAt: number;
}

/** While a run goes on, a step waits so long for the moment that tells of its times. */
const PATIENCE_MS = 1500;
/** The steps whose means are the loss and the speed now. */
const RECENT_STEPS = 32;

/** The state of a recorded run, as far as its records are read. */
export class RunReplay {
  readonly recorder: RunRecorder;
  readonly #options: RunReplayOptions;
  /** Events that belong to steps that are not there yet. */
  #events: EventLine[] = [];
  #totals: StepTotals[] = [];
  /** Steps that are not shown yet, and when they were read. */
  #steps: WaitingStep[] = [];
  #recent: StepRecord[] = [];
  /** When the newest thing happened, in ms since 1970. */
  #time = 0;
  /** The number of updates. */
  #step = 0;
  /** The number of updates at the time of the event that is shown now. */
  #eventStep: number | undefined;
  #epoch = 1;
  /** The status of the last moment, and whether nothing has happened since. */
  #status = BEGINNING;
  #isFresh = false;
  /** What the coordinators before the newest one have counted. */
  #earlierCounters: PoolCounters | null = null;
  #workers = new Map<number, WorkerRow>();
  #start: StartLine | undefined;
  #unreadable = 0;
  #isAtEndOfEvents = false;

  constructor(options: RunReplayOptions) {
    this.#options = options;
    this.recorder = new RunRecorder({
      source: options.source,
      facts: options.facts,
      status: () => this.#statusNow(),
      underWay: () => undefined,
      now: options.now,
      step: () => this.#eventStep ?? this.#step,
    });
  }

  get step(): number {
    return this.#step;
  }

  /** The beginning of the newest coordinator; undefined in records that tell nothing of it. */
  get start(): StartLine | undefined {
    return this.#start;
  }

  /** The number of lines that are no such records. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** The read part of the records, 0 to 1. */
  get readPart(): number {
    const { metrics, events } = this.#options;
    const read = metrics.progress.read + events.progress.read;
    const size = metrics.progress.size + events.progress.size;
    return size === 0 ? 0 : read / size;
  }

  /**
   * Reads what is there now. `isGoingOn`: more will come, also of the moments that tell more of the
   * last steps. `pause` is called after each piece. Throws a `FILE` error.
   */
  async read(isGoingOn: boolean, pause: () => Promise<void>): Promise<void> {
    const { metrics, epochs } = this.#options;
    for (let lines = await metrics.next(); lines.length > 0; lines = await metrics.next()) {
      const readAt = this.#options.now();
      for (const record of this.#parse(lines, StepRecord)) this.#steps.push({ record, readAt });
      await this.#readEventsOf(this.#steps.at(-1)?.record.step ?? 0, pause);
      this.#showSteps(isGoingOn);
      await pause();
    }
    await this.#readEventsOf(Number.POSITIVE_INFINITY, pause);
    this.#showSteps(isGoingOn);
    if (this.#steps.length === 0) this.#showEventsTo(Number.POSITIVE_INFINITY);
    for (let lines = await epochs.next(); lines.length > 0; lines = await epochs.next()) {
      for (const epoch of this.#parse(lines, EpochRecord))
        this.recorder.observe({ event: 'epoch', ...epoch }, this.#time);
      await pause();
    }
  }

  /** Closes the files. */
  async close(): Promise<void> {
    const { metrics, epochs, events } = this.#options;
    for (const file of [metrics, epochs, events]) await file.close();
  }

  #parse<T>(lines: readonly string[], schema: z.ZodType<T>): T[] {
    const records = lines.flatMap((line) => recordIn(line, schema) ?? []);
    this.#unreadable += lines.length - records.length;
    return records;
  }

  /** Reads events until the totals of a step are known. Shows those that wait for no step. */
  async #readEventsOf(step: number, pause: () => Promise<void>): Promise<void> {
    this.#isAtEndOfEvents = false;
    while (!this.#isAtEndOfEvents && this.#knownTo <= step) {
      const lines = await this.#options.events.next();
      this.#isAtEndOfEvents = lines.length === 0;
      const events = lines.flatMap((line) => parseEventLine(line) ?? []);
      this.#unreadable += lines.length - events.length;
      this.#events.push(...events);
      for (const line of events)
        if (line.event === 'moment' && line.totals) this.#totals.push(line.totals);
      if (this.#steps.length === 0) this.#showEventsTo(Number.POSITIVE_INFINITY);
      await pause();
    }
  }

  /** The step up to which totals are known. */
  get #knownTo(): number {
    return this.#totals.at(-1)?.to ?? 0;
  }

  #showSteps(isGoingOn: boolean): void {
    const late = this.#options.now() - PATIENCE_MS;
    const waits = ({ record, readAt }: WaitingStep) =>
      isGoingOn && record.step >= this.#knownTo && readAt > late;
    let shown = 0;
    for (; shown < this.#steps.length && !waits(this.#steps[shown]); shown++) {
      const { record } = this.#steps[shown];
      this.#showEventsTo(record.step);
      this.#showStep(record);
    }
    this.#steps = this.#steps.slice(shown);
  }

  #showEventsTo(step: number): void {
    let shown = 0;
    for (; shown < this.#events.length && this.#events[shown].step <= step; shown++)
      this.#showEvent(this.#events[shown]);
    if (shown > 0) this.#events = this.#events.slice(shown);
  }

  #showStep(record: StepRecord): void {
    const { step, epoch } = record;
    while (this.#totals.length > 1 && this.#totals[0].to <= step) this.#totals.shift();
    const measured = measurementOf(record, this.#totals[0]);
    // Records of an older version tell no time of day.
    if (this.#time === 0) this.#time = this.#options.metrics.bornAt;
    // The step cannot have ended after the events that follow it.
    const latest = this.#events[0]?.time ?? Number.POSITIVE_INFINITY;
    this.#time = Math.max(this.#time, Math.min(this.#time + measured.wholeMs, latest));
    this.#step = step + 1;
    this.#epoch = epoch;
    this.#isFresh = false;
    this.recorder.rankWorkers(record);
    this.recorder.recordAgain(record, measured, this.#time);
    this.#recent.push(record);
    if (this.#recent.length > RECENT_STEPS) this.#recent.shift();
  }

  #showEvent(line: EventLine): void {
    this.#time = Math.max(this.#time, line.time);
    this.#step = Math.max(this.#step, line.step);
    if (line.event === 'moment') return this.#showMoment(line);
    if (line.event === 'worker') this.#showWorker(line);
    if (line.event === 'start') {
      this.#start = line;
      this.#workers.clear();
      this.#earlierCounters = this.#status.counters;
      this.#status = { ...BEGINNING, counters: this.#earlierCounters };
      this.#isFresh = false;
    }
    // A notice that came several times is written later than it came.
    this.#eventStep = line.step;
    this.recorder.observe(happeningOf(line), line.time);
    this.#eventStep = undefined;
  }

  #showMoment(line: EventLine & { event: 'moment' }): void {
    const { event: _, totals: __, ...moment } = line;
    const { step } = moment;
    const counters = addCounters(this.#earlierCounters, moment.status.counters);
    const status = { ...moment.status, counters };
    this.recorder.keepMoment({ ...moment, status });
    this.#status = status;
    this.#isFresh = step === this.#step;
    this.#workers = new Map(status.workers.map((worker) => [worker.rank, worker]));
  }

  #showWorker({ state, rank, name, pid, time }: EventLine & { event: 'worker' }): void {
    this.#isFresh = false;
    this.#workers.delete(rank);
    if (state === 'left') return;
    const since = new Date(time).toISOString();
    const known = pid === undefined ? {} : { pid };
    this.#workers.set(rank, { ...UNKNOWN_WORKER, rank, name, ...known, since });
  }

  #statusNow(): LiveStatus {
    if (this.#isFresh) return this.#status;
    const recent = this.#recent;
    const sum = (of: (record: StepRecord) => number) =>
      recent.reduce((total, record) => total + of(record), 0);
    const examples = sum((record) => record.examples);
    const milliseconds = sum((record) => record.milliseconds);
    return {
      ...this.#status,
      step: this.#step,
      epoch: this.#epoch,
      worldSize: this.#start ? this.#workers.size : (recent.at(-1)?.worldSize ?? 0),
      examplesPerSecond: milliseconds > 0 ? (examples / milliseconds) * 1000 : 0,
      trainLoss: examples > 0 ? sum(({ loss, examples: n }) => loss * n) / examples : null,
      workers: [...this.#workers.values()],
    };
  }
}

/** A worker of which the next moment will tell more. */
const UNKNOWN_WORKER: Omit<WorkerRow, 'rank' | 'name' | 'since'> = {
  state: 'idle',
  place: 'network',
  address: null,
  runtime: 'node',
  threads: null,
  isHidden: null,
  examplesPerSecond: null,
  microBatches: 0,
  answeredShares: 0,
  lateShares: 0,
  checkedSums: 0,
  sentBytes: 0,
  receivedBytes: 0,
};

const BEGINNING: LiveStatus = {
  state: 'training',
  step: 0,
  epoch: 1,
  worldSize: 0,
  examplesPerSecond: 0,
  secondsLeft: null,
  trainLoss: null,
  counters: null,
  workers: [],
};

/** The record in a line; undefined if it is none. */
function recordIn<T>(line: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The times of a step, of which the totals of several steps are known. */
function measurementOf(record: StepRecord, totals: StepTotals | undefined): StepMeasurement {
  const { step, milliseconds } = record;
  if (!totals || step < totals.from || step >= totals.to)
    return { wholeMs: milliseconds, breakdown: undefined };
  const { from, to, betweenMs, timedSteps, parts } = totals;
  const mean = (part: number) => parts[part] / timedSteps;
  return {
    wholeMs: milliseconds + betweenMs / (to - from),
    breakdown: step - from < timedSteps ? breakdownOf(mean) : undefined,
  };
}

const breakdownOf = (msOf: (part: number) => number): StepBreakdown =>
  Object.fromEntries(STEP_PARTS.map((part, i) => [part, msOf(i)])) as unknown as StepBreakdown;

/** The event as the recorder of a live run gets it. */
function happeningOf(line: Exclude<EventLine, { event: 'moment' }>): Happening {
  switch (line.event) {
    case 'worker': {
      const { rank, name, pid, worldSize, reason = '' } = line;
      const who = { event: 'worker', rank, name, ...(pid !== undefined && { pid }) } as const;
      return line.state === 'ready'
        ? { ...who, state: 'ready', worldSize }
        : { ...who, state: 'left', worldSize, reason };
    }
    case 'checkpoint':
      return { event: 'checkpoint', step: line.saved };
    case 'done': {
      const { step, testAccuracy, testErrors, parametersSha256, totalSeconds } = line;
      const result = { testAccuracy, testErrors, parametersSha256, totalSeconds };
      return { event: 'done', steps: step, ...result };
    }
    default:
      return line;
  }
}
