import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { reasonOf } from '../shared/errors.ts';
import { formatCommand, shortPath } from '../shared/host/command-line.ts';
import { systemClock } from '../shared/system-clock.ts';
import { createAppending } from './appending.ts';
import type { ClusterView } from './cluster/cluster.ts';
import { configFacts } from './dashboard/config-facts.ts';
import { EventStreams } from './dashboard/event-streams.ts';
import { type Happening, happeningOf } from './dashboard/happening.ts';
import type { RunFacts } from './dashboard/model/run-view.ts';
import { createRunJournal, type RunJournal } from './dashboard/run-journal.ts';
import { type LiveStatus, RunRecorder } from './dashboard/run-recorder.ts';
import { resumeCommand } from './options/continuation.ts';
import type { RunOptions } from './options/run-options.ts';
import type { Routes } from './port/answers/answers.ts';
import { SECURITY_HEADERS } from './port/answers/send.ts';
import { createPastReader, type PastReader } from './replay/past-reader.ts';
import { neighborRoutes } from './replay/proof.ts';
import type { Report, RunEvent } from './reporting/events.ts';
import type { ProgressMeter } from './reporting/progress-meter.ts';
import type { RunFolder } from './run-folder/run-folder.ts';
import type { RunPlan } from './run-plan.ts';
import { workersOf } from './run-status.ts';
import { createLayerRecorder } from './study/layer-recorder.ts';
import { studyLive } from './study/live-study.ts';
import { studyRoutes } from './study/study-routes.ts';
import type { StepRecord } from './training/ledger.ts';
import type { FinishedRound, MeasureStep, StepTimes } from './training/train.ts';

/** Feeds the dashboard of a run that goes on. */
export interface RunDashboard {
  /** Answers `GET /api/events`. Returns false if too many pages are open. */
  openEvents(request: IncomingMessage, response: ServerResponse): boolean;
  /** Further requests to `/api/`. */
  readonly routes: Routes;
  /** The same, for those who may see the data. */
  readonly dataRoutes: Routes;
  /** Measures a step for those who study the net. */
  readonly measureStep: MeasureStep;
  observe(event: RunEvent): void;
  record(record: StepRecord, times: StepTimes): void;
  recordEvaluation(evaluation: FinishedRound, times: StepTimes): void;
  /**
   * From now on, what happens goes to the run's folder too, until the returned function is called.
   * What happened before goes there at once.
   */
  keepIn(
    folder: Pick<RunFolder, 'appendEvent' | 'directory' | 'pastBytes'>,
    report: Report,
  ): () => void;
  /** From now on the status shows the cluster. */
  attach(cluster: ClusterView): void;
  fail(error: unknown): void;
  /** Sends the last update to all open pages. */
  close(): void;
}

export function createRunDashboard(
  plan: RunPlan,
  meter: ProgressMeter,
  options: Pick<RunOptions, 'audit' | 'continuation'>,
  onFault: (error: unknown) => void,
): RunDashboard {
  let cluster: ClusterView | undefined;
  let directory: string | undefined;
  let workersToBegin = 1;
  const facts = (): RunFacts => ({
    ...factsOf(plan),
    runDir: directory === undefined ? null : shortPath(directory),
    auditFraction: options.audit,
    hasCluster: true,
    resumeCommand: directory === undefined ? null : resumeCommand(options, directory),
    workerCommand: formatCommand('worker'),
  });
  const now = () => systemClock.now();
  const step = () => plan.server.step;
  const source = randomUUID().replaceAll('-', '');
  const recorder = new RunRecorder({
    source,
    facts,
    status: () => liveStatus(plan, meter, cluster, workersToBegin),
    underWay: () => cluster?.pool.roundUnderWay,
    now,
    step,
  });
  const { continuation } = options;
  const journal = createRunJournal(() => ({
    ...facts(),
    hasCluster: cluster !== undefined,
    continuation: continuation && [...continuation],
  }));
  const past = createPastReader(recorder, { source, facts, now });
  const keeping = createKeeping(recorder, journal, step);
  const streams = createStreams(recorder, past, onFault);
  const layers = createLayerRecorder(plan.server, plan.workload.model, systemClock);
  const { dataset } = plan.loaded;
  return {
    measureStep: layers.measureStep,
    openEvents(request, response) {
      past.begin();
      return streams.open(request, response);
    },
    routes: new Map([
      ['/api/moments', () => `{"moments":${recorder.momentsAsJson()}}`],
      ...neighborRoutes(() => directory),
    ]),
    dataRoutes: studyRoutes(studyLive({ ...plan, dataset }, () => directory, layers, systemClock)),
    observe(event) {
      if (event.event === 'listening') workersToBegin = event.workersNeeded;
      if (event.event === 'start') directory = event.runDir;
      keeping.observe(event);
      if (event.event === 'start') recorder.refreshFacts();
    },
    record(record, times) {
      recorder.record(record, times, Date.now());
      if (journal.isMomentDue(now())) keeping.recordMoment();
    },
    recordEvaluation: (evaluation, times) => recorder.recordEvaluation(evaluation, times),
    keepIn(folder, report) {
      const append = createAppending(folder.appendEvent, 'the records of events', report);
      journal.writeTo(append, folder.pastBytes.events);
      past.open(folder.directory, folder.pastBytes);
      return journal.close;
    },
    attach(view) {
      cluster = view;
    },
    fail: (error) => keeping.observe({ event: 'error', message: reasonOf(error) }),
    close() {
      past.close();
      streams.close();
    },
  };
}

/** The updates of the run, which tell how much of its past is read. */
function createStreams(
  recorder: RunRecorder,
  past: PastReader,
  onFault: (error: unknown) => void,
): EventStreams {
  return new EventStreams({
    updateAfter(cursor) {
      const update = recorder.updateAfter(cursor);
      const { readPart } = past;
      if (readPart === undefined) return update;
      return { ...update, status: { ...update.status, readPart } };
    },
    headers: SECURITY_HEADERS,
    clock: systemClock,
    date: Date.now,
    onFault,
  });
}

/** What happens goes to the recorder and to the journal. */
function createKeeping(recorder: RunRecorder, journal: RunJournal, step: () => number) {
  function recordMoment(): void {
    const { moment, totals } = recorder.takeMoment(Date.now());
    recorder.keepMoment(moment);
    journal.addMoment(moment, totals, systemClock.now());
  }
  return {
    recordMoment,
    observe(event: RunEvent | Happening): void {
      const happening = happeningOf(event);
      const wasOver = recorder.isOver;
      if (!happening || (wasOver && happening.event === 'error')) return;
      const time = Date.now();
      recorder.observe(happening, time);
      journal.observe(happening, time, step());
      // The last moment has all that a page shows at the end.
      if (recorder.isOver && !wasOver) recordMoment();
    },
  };
}

function factsOf(plan: RunPlan) {
  const { workload, loaded, found, stepCount } = plan;
  const { train, test } = loaded.dataset;
  const facts = configFacts(plan, workload.model);
  return {
    ...facts,
    stepsPerEpoch: workload.stepsPerEpoch,
    stepCount,
    firstStep: found?.checkpoint.step ?? 0,
    trainingExamples: train.count - facts.validationExamples,
    testExamples: test.count,
  };
}

function liveStatus(
  { workload, server, stepCount }: RunPlan,
  meter: ProgressMeter,
  cluster: ClusterView | undefined,
  workersToBegin: number,
): LiveStatus {
  const worldSize = cluster?.pool.worldSize ?? 0;
  // Without a cluster, nobody is waited for.
  const isWaiting = cluster !== undefined && (!cluster.isGathered || worldSize === 0);
  const workersNeeded = cluster?.isGathered ? 1 : workersToBegin;
  return {
    state: isWaiting ? 'waiting' : server.step < stepCount ? 'training' : 'finishing',
    step: server.step,
    epoch: Math.max(1, Math.ceil(server.step / workload.stepsPerEpoch)),
    worldSize,
    workersMissing: isWaiting ? Math.max(0, workersNeeded - worldSize) : 0,
    examplesPerSecond: meter.latest?.examplesPerSecond ?? 0,
    secondsLeft: meter.latest?.secondsLeft ?? null,
    trainLoss: meter.latest?.trainLoss ?? null,
    counters: cluster?.pool.counters ?? null,
    workers: cluster ? workersOf(cluster) : [],
  };
}
