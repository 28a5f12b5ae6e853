import type { RunStatus, RunView } from '../../model/run-view.ts';
import type { ConnectionState } from '../connection/connection-state.ts';
import {
  formatCount,
  formatDuration,
  formatHash,
  formatLoss,
  formatPercent,
  formatQuantity,
  formatR2,
  shortNumber,
  testText,
} from '../format.ts';

/*
 * What the strip says, as texts: pure functions of the run and of the connection.
 *
 * A page that is not up to date must not claim that the run is training. So the connection speaks
 * first, and the run after it.
 */

/** A sentence, and a command that people can copy. */
export interface Message {
  readonly text: string;
  readonly command?: string | undefined;
  /** What changes every second. A screen reader is not told. */
  readonly ticking?: string | undefined;
  readonly isWarning?: boolean;
}

/** The state in one or two words, and the kind that gives it a color. */
export interface StateWord {
  readonly word: string;
  readonly kind: 'good' | 'bad' | 'busy' | 'still';
}

const KINDS: Readonly<Record<string, StateWord['kind']>> = {
  waiting: 'still',
  training: 'busy',
  finishing: 'busy',
  done: 'good',
  failed: 'bad',
  'broken off': 'bad',
  reading: 'busy',
};

export function stateWord({ status }: RunView, connection: ConnectionState): StateWord {
  if (connection.name === 'locked') return { word: 'locked', kind: 'still' };
  if (connection.name === 'lost') return { word: 'not answering', kind: 'bad' };
  if (!status) return { word: 'connecting', kind: 'still' };
  return { word: status.state, kind: KINDS[status.state] ?? 'still' };
}

/** Parts of a line, which may be broken between two of them and nowhere else. */
const joinParts = (parts: readonly string[]): string =>
  parts.map((part) => part.replaceAll(' ', '\u00a0')).join(' · ');

/** How far the run is: "epoch 7/12 · step 2,880/5,160 · 38,165 examples/s now · 9 s left". */
export function progressText({ status, facts }: RunView, connection: ConnectionState): string {
  if (!status || !facts) return '';
  const parts = [
    `epoch ${status.epoch}/${facts.epochs}`,
    `step ${formatCount(status.step)}/${formatCount(facts.stepCount)}`,
  ];
  const isGoingOn = connection.name === 'live' && status.state === 'training';
  if (isGoingOn && status.examplesPerSecond > 0)
    parts.push(`${formatCount(status.examplesPerSecond)} examples/s now`);
  if (isGoingOn && status.secondsLeft !== null)
    parts.push(`${formatDuration(status.secondsLeft)} left`);
  if (status.end?.totalSeconds != null) parts.push(`in ${formatDuration(status.end.totalSeconds)}`);
  return joinParts(parts);
}

/** What is trained, and how well: the dataset, the model, and the newest figures. */
export function runText({ status, facts, epochs }: RunView): string {
  if (!status || !facts) return '';
  const last = epochs.at(-1);
  const parts = [facts.dataset, facts.model, `${facts.optimizer} ${facts.learningRate}`];
  if (facts.isRecorded) parts.unshift('recorded run');
  if (status.trainLoss !== null) parts.push(`recent training loss ${formatLoss(status.trainLoss)}`);
  if (last?.validationLoss != null)
    parts.push(`validation loss ${formatLoss(last.validationLoss)} after epoch ${last.epoch}`);
  const test = (status.end && testText(status.end)) ?? (last && testText(last));
  if (test !== undefined) parts.push(test);
  const sha256 = status.end?.parametersSha256;
  if (sha256) parts.push(`SHA-256 ${formatHash(sha256)}`);
  else if (status.fingerprint) parts.push(`fingerprint ${formatHash(status.fingerprint)}`);
  const { auditedSums = 0, wrongSums = 0 } = status.counters ?? {};
  if (auditedSums > 0)
    parts.push(`${formatQuantity(auditedSums, 'sum')} checked, ${formatCount(wrongSums)} wrong`);
  return joinParts(parts);
}

/** The workers: "3 workers", "2 workers, 1 late", "no workers". */
export function crewText({ status }: RunView): string {
  if (!status) return '';
  const late = status.workers.filter(({ state }) => state === 'late').length;
  const size = status.worldSize === 0 ? 'no workers' : formatQuantity(status.worldSize, 'worker');
  return late === 0 ? size : `${size}, ${late} late`;
}

/** What people should know or do now. Undefined while the run just goes on. */
export function messageOf(
  view: RunView,
  connection: ConnectionState,
  now: number,
  workerFlags: string,
): Message | undefined {
  const { status, facts } = view;
  switch (connection.name) {
    case 'connecting':
      return status ? undefined : { text: 'Connecting to the coordinator.' };
    case 'locked':
      return undefined;
    case 'lost':
      return lossOf(view, connection, now);
  }
  const isGone = connection.name === 'ended' ? goneText(connection) : '';
  switch (status?.state) {
    case 'waiting':
      return waitingFor(view, workerFlags);
    case 'finishing':
      return { text: 'All steps are done. The result is being evaluated and saved.' };
    case 'done': {
      const parametersSha256 = status.end?.parametersSha256;
      const hash = 'SHA-256 of the parameters, the same for any number of workers:';
      return {
        text: `The run is over.${isGone}${qualityOf(status.end)} ${hash}`,
        command: parametersSha256 ?? '',
      };
    }
    case 'stopped':
      return {
        text: `The run is over: ${status.end?.message}.${isGone} Go on with it:`,
        command: facts?.resumeCommand ?? undefined,
      };
    case 'broken off':
      return {
        text: `The run was ${status.end?.message}:`,
        command: facts?.resumeCommand ?? undefined,
        isWarning: true,
      };
    case 'failed':
      return { text: `The run has failed. ${status.end?.message}${isGone}`, isWarning: true };
  }
  if (status?.readPart !== undefined)
    return { text: 'Reading the run:', ticking: `${Math.floor(status.readPart * 100)} %` };
  return isGone ? { text: isGone.trim() } : undefined;
}

function qualityOf(end: RunStatus['end']): string {
  const { testAccuracy, testErrors } = end ?? {};
  if (testErrors)
    return ` The test RMSE is ${shortNumber(testErrors.rmse)}, and R² ${formatR2(testErrors.r2)}.`;
  return testAccuracy == null ? '' : ` The test accuracy is ${formatPercent(testAccuracy, 2)}.`;
}

const goneText = ({ isReplaced }: ConnectionState & { name: 'ended' }): string =>
  isReplaced
    ? ' Another run is at this address now, with a token of its own: reload this page to see it.'
    : ' The coordinator is gone: this is the last state.';

/** After so long, somebody may have to start the coordinator again. */
const GIVE_ADVICE_MS = 10_000;

function lossOf(
  { facts }: RunView,
  { since, reason }: ConnectionState & { name: 'lost' },
  now: number,
): Message {
  const command = now - since >= GIVE_ADVICE_MS ? (facts?.resumeCommand ?? undefined) : undefined;
  return {
    text: 'The coordinator does not answer. This page tries again.',
    ticking:
      `Last heard ${formatDuration((now - since) / 1000)} ago (${reason}).` +
      (command === undefined ? '' : ' If it was stopped, go on with the run:'),
    command,
    isWarning: true,
  };
}

function waitingFor({ status, facts }: RunView, workerFlags: string): Message {
  const missing = status?.workersMissing ?? 0;
  const preparing = status?.workers.filter(({ state }) => state === 'preparing').length ?? 0;
  const loading =
    preparing === 0 ? '' : ` ${formatQuantity(preparing, 'worker')} will be ready soon.`;
  if (missing === 0) return { text: `The run is about to begin.${loading}` };
  const more = (status?.worldSize ?? 0) > 0 ? 'more ' : '';
  const text = `Waiting for ${missing} ${more}${missing === 1 ? 'worker' : 'workers'}.${loading}`;
  // The port of a recorded run takes no workers.
  return preparing >= missing || facts?.isRecorded
    ? { text }
    : { text: `${text} Start one:`, command: `${facts?.workerCommand} ${workerFlags}` };
}

/** The title of the browser's tab: "43 % · Lockstep". */
export function tabTitle({ status, facts }: RunView, connection: ConnectionState): string {
  const name = 'Lockstep';
  if (!status || !facts) return name;
  const percent = `${percentOf(status.step, facts.stepCount)} %`;
  if (connection.name === 'lost') return `not answering · ${percent} · ${name}`;
  if (status.state === 'training') return `${percent} · ${name}`;
  return `${status.state} · ${status.end ? '' : `${percent} · `}${name}`;
}

/** Whole percents, 100 only if all is done. */
export const percentOf = (step: number, stepCount: number): number =>
  stepCount === 0 ? 100 : Math.floor((step / stepCount) * 100);
