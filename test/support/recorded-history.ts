import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLine } from '../../coordinator/dashboard/event-line.ts';
import type { Happening } from '../../coordinator/dashboard/happening.ts';
import type { RunFacts, WorkerRow } from '../../coordinator/dashboard/model/run-view.ts';
import { createRunJournal } from '../../coordinator/dashboard/run-journal.ts';
import { type LiveStatus, RunRecorder } from '../../coordinator/dashboard/run-recorder.ts';
import type { PoolCounters } from '../../coordinator/reporting/pool-events.ts';
import { nextLink, type StepRecord } from '../../coordinator/training/ledger.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';
import type { StepTimes } from '../../coordinator/training/train.ts';
import { toyWorker } from './toy-view.ts';

/*
 * A run that never was: a coordinator's recorder and journal get steps and events on a clock of
 * their own, as in a real run.
 */

export const STEPS_PER_EPOCH = 100;
/** When the run began, in ms since 1970. */
export const BEGAN_AT = 1_800_000_000_000;

export const facts: RunFacts = {
  runDir: 'runs/toy',
  dataset: 'toy',
  classNames: ['a', 'b'],
  model: '4-2',
  parameterCount: 10,
  numerics: 'strict',
  wireFormat: 'f32',
  optimizer: 'sgd',
  learningRate: 0.1,
  schedule: 'constant',
  loss: 'cross-entropy',
  seed: 1,
  globalBatch: 8,
  microBatchCount: 4,
  stepsPerEpoch: STEPS_PER_EPOCH,
  epochs: 3,
  stepCount: 300,
  firstStep: 0,
  earlyStopping: null,
  trainingExamples: 800,
  validationExamples: 0,
  testExamples: 100,
  auditFraction: 0,
  hasCluster: true,
};

export interface RecordedHistoryOptions {
  readonly source?: string;
  /** The number of updates at the beginning, and the chain there. */
  readonly firstStep?: number;
  readonly chain?: string;
  /** When it begins, in ms since 1970. */
  readonly beganAt?: number;
}

/** A coordinator that trains when it is told to. */
export class RecordedHistory {
  readonly recorder: RunRecorder;
  readonly metrics: StepRecord[] = [];
  readonly epochs: EpochRecord[] = [];
  readonly events: EventLine[] = [];
  readonly workers = new Map<number, WorkerRow>();
  /** Those of this coordinator. */
  counters: PoolCounters | null = null;
  /** The number of updates. */
  step: number;
  chain: string;
  #now = 0;
  readonly #beganAt: number;
  readonly #journal = createRunJournal(() => facts);

  constructor(options: RecordedHistoryOptions = {}) {
    const { source = 'live', firstStep = 0, chain = '', beganAt = BEGAN_AT } = options;
    this.step = firstStep;
    this.chain = chain;
    this.#beganAt = beganAt;
    this.recorder = new RunRecorder({
      source,
      facts: () => facts,
      status: () => this.#status(),
      underWay: () => undefined,
      now: () => this.#now,
      step: () => this.step,
    });
    this.#journal.writeTo((line) => this.events.push(line), 0);
    const resumedFrom = firstStep === 0 ? null : 'a checkpoint';
    this.happen({ event: 'start', step: firstStep, resumedFrom });
  }

  get time(): number {
    return this.#beganAt + this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  happen(happening: Happening): void {
    const wasOver = this.recorder.isOver;
    this.recorder.observe(happening, this.time);
    this.#journal.observe(happening, this.time, this.step);
    if (this.recorder.isOver && !wasOver) this.#recordMoment();
  }

  join(rank: number, name = `w${rank}`): void {
    const worker = { rank, name, pid: 100 + rank };
    this.workers.set(rank, toyWorker(rank, worker));
    this.happen({ event: 'worker', state: 'ready', ...worker, worldSize: this.workers.size });
  }

  leave(rank: number): void {
    const { name = '', pid = 0 } = this.workers.get(rank) ?? {};
    this.workers.delete(rank);
    const worldSize = this.workers.size;
    const reason = 'connection lost';
    this.happen({ event: 'worker', state: 'left', rank, name, pid, worldSize, reason });
  }

  /** Trains steps, each a little longer than 4 ms. Epochs are evaluated for 50 ms. */
  train(steps: number): void {
    for (let i = 0; i < steps; i++) {
      this.#trainStep();
      if (this.step % STEPS_PER_EPOCH === 0) this.#endEpoch();
    }
  }

  /** Writes the records into a folder. */
  writeTo(directory: string): void {
    const lines = (records: readonly object[]) =>
      records.map((record) => `${JSON.stringify(record)}\n`).join('');
    writeFileSync(join(directory, 'metrics.jsonl'), lines(this.metrics), { flag: 'a' });
    writeFileSync(join(directory, 'epochs.jsonl'), lines(this.epochs), { flag: 'a' });
    writeFileSync(join(directory, 'events.jsonl'), lines(this.events), { flag: 'a' });
  }

  #trainStep(): void {
    const { step } = this;
    const milliseconds = 4 + (step % 7) / 10;
    this.pass(milliseconds);
    const record = this.#recordOf(step, milliseconds);
    this.chain = record.chain;
    this.step++;
    this.pass(0.25);
    this.metrics.push(record);
    this.recorder.record(record, this.#timesOf(milliseconds), this.time);
    if (this.#journal.isMomentDue(this.#now)) this.#recordMoment();
  }

  #recordOf(step: number, milliseconds: number): StepRecord {
    const fingerprint = `f${step}`;
    const names = [...this.workers.values()].map(({ name, pid }) => `${name}/${pid}`);
    const workerOf = (leaf: number) => (names.length > 0 ? names[leaf % names.length] : null);
    return {
      step,
      epoch: Math.floor(step / STEPS_PER_EPOCH) + 1,
      loss: 2 / (1 + step / 50),
      accuracy: 0.5,
      learningRate: 0.1,
      examples: 8,
      milliseconds,
      worldSize: names.length,
      work: [0, 1, 2, 3].map((leaf) => [leaf, leaf + 1, workerOf(leaf)]),
      fingerprint,
      chain: nextLink(this.chain, fingerprint),
    };
  }

  #timesOf(milliseconds: number): StepTimes {
    const shares = [...this.workers.keys()].map((rank) => ({
      rank,
      examples: 4,
      startMs: 0.125,
      roundTripMs: milliseconds - 1,
      startedAt: this.#now,
      receiveMs: 0.25,
      computeMs: 2,
      sendMs: 0.25,
      clockOffsetMs: 0,
    }));
    return {
      broadcastMs: 0.25,
      reduceMs: 0.25,
      reductions: [{ startMs: 3, ms: 0.25 }],
      shares,
      assignments: [],
      arrivals: [],
      updateMs: 0.5,
      doneAt: this.#now,
    };
  }

  #endEpoch(): void {
    this.pass(50);
    const epoch = this.step / STEPS_PER_EPOCH;
    const figures = { trainLoss: 1 / epoch, trainAccuracy: 0.5, testLoss: 1, testAccuracy: 0.5 };
    const record: EpochRecord = {
      ...figures,
      ...{ epoch, step: this.step, validationLoss: null, validationAccuracy: null, seconds: 1 },
    };
    this.epochs.push(record);
    this.happen({ event: 'epoch', ...record });
  }

  #recordMoment(): void {
    const { moment, totals } = this.recorder.takeMoment(this.time);
    this.recorder.keepMoment(moment);
    this.#journal.addMoment(moment, totals, this.#now);
  }

  #status(): LiveStatus {
    return {
      state: 'training',
      step: this.step,
      epoch: Math.max(1, Math.ceil(this.step / STEPS_PER_EPOCH)),
      worldSize: this.workers.size,
      examplesPerSecond: 1000,
      secondsLeft: 1,
      trainLoss: 0.5,
      counters: this.counters,
      workers: [...this.workers.values()],
    };
  }
}
