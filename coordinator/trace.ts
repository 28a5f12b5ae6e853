import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import type { AnsweredShare } from './gradient-source.ts';
import type { StepTiming } from './step-timings.ts';

/** A picture of what the whole cluster did when, for Perfetto and chrome://tracing. */
export interface Trace {
  record(timing: StepTiming): void;
  /** Resolves when all of it is in the file. */
  close(): Promise<void>;
}

/** As Chrome's trace event format has them: times in µs; a slice belongs to a thread `tid` of a process `pid`. */
type TraceEvent =
  | { ph: 'X'; name: string; pid: number; tid: number; ts: number; dur: number; args: { step: number } }
  | { ph: 'M'; name: 'process_name' | 'thread_name'; pid: number; tid: number; args: { name: string } };

const COORDINATOR = 1;
const workerPid = (rank: number): number => COORDINATOR + 1 + rank;
/** The coordinator's tracks. */
const STEPS = 0;
const SUMS = 1;
const shareTid = (rank: number): number => SUMS + 1 + rank;

/**
 * Begins the file, an array of events; readers do without its end, should this process be killed. Throws a `FILE` error
 * if it cannot be written; what goes wrong later goes to `onFailure`, once, and ends the trace alone.
 */
export async function openTrace(file: string, onFailure: (message: string) => void): Promise<Trace> {
  const handle = await open(file, 'w').catch((error: unknown) => {
    throw new LockstepError('FILE', `--trace ${file} cannot be written: ${reasonOf(error)}.`);
  });
  const stream = createWriteStream(file, { fd: handle });
  stream.once('error', (error) => onFailure(`the trace ends here, ${file} is not written: ${error.message}`));
  const named = new Set<string>();
  let separator = '[';
  const write = (event: TraceEvent): void => {
    if (stream.writable) stream.write(`${separator}\n${JSON.stringify(event)}`);
    separator = ',';
  };
  const name = (kind: 'process_name' | 'thread_name', pid: number, tid: number, label: string): void => {
    const key = `${kind} ${pid} ${tid}`;
    if (named.has(key)) return;
    named.add(key);
    write({ ph: 'M', name: kind, pid, tid, args: { name: label } });
  };
  name('process_name', COORDINATOR, STEPS, 'coordinator');
  name('thread_name', COORDINATOR, STEPS, 'steps');
  return {
    record(timing) {
      for (const { rank } of timing.shares ?? []) {
        name('thread_name', COORDINATOR, SUMS, 'sums');
        name('thread_name', COORDINATOR, shareTid(rank), `share of rank ${rank}`);
        name('process_name', workerPid(rank), 0, `worker, rank ${rank}`);
      }
      for (const event of eventsOf(timing)) write(event);
    },
    async close() {
      if (stream.writable) stream.end(`${separator === '[' ? '[' : ''}\n]\n`);
      await finished(stream).catch(() => {});
    },
  };
}

/**
 * One step's slices. A worker's clock is set against the coordinator's as the connection compared them; its computing
 * and sending alternate where a share has several sums, and are shown in one piece each.
 */
function* eventsOf(timing: StepTiming): Generator<TraceEvent> {
  const { step, doneAt, milliseconds, updateMs, broadcastMs = 0, reductions = [], shares = [] } = timing;
  const slice = (name: string, pid: number, tid: number, startMs: number, ms: number): TraceEvent => ({
    ...{ ph: 'X', name, pid, tid, args: { step } },
    ...{ ts: Math.round(startMs * 1000), dur: Math.round(Math.max(0, ms) * 1000) },
  });
  const startedAt = doneAt - milliseconds;
  yield slice(`step ${step}`, COORDINATOR, STEPS, startedAt, milliseconds);
  if (shares.length > 0) yield slice('broadcast', COORDINATOR, STEPS, startedAt, broadcastMs);
  const waitedFrom = startedAt + broadcastMs;
  const waiting = shares.length === 0 ? 'compute' : 'wait for sums';
  yield slice(waiting, COORDINATOR, STEPS, waitedFrom, doneAt - updateMs - waitedFrom);
  yield slice('update', COORDINATOR, STEPS, doneAt - updateMs, updateMs);
  for (const { startMs, ms } of reductions) yield slice('reduce', COORDINATOR, SUMS, startedAt + startMs, ms);
  for (const share of shares) {
    const { rank, startMs, roundTripMs } = share;
    yield slice('share', COORDINATOR, shareTid(rank), startedAt + startMs, roundTripMs);
    for (const [name, at, ms] of workerSlices(share)) yield slice(name, workerPid(rank), 0, at, ms);
  }
}

/** Name, start by the coordinator's clock, and length of what the worker did for a share, if all that is known. */
function workerSlices(share: AnsweredShare): [string, number, number][] {
  const { startedAt, receiveMs, computeMs, sendMs, clockOffsetMs } = share;
  const isTimed = startedAt !== undefined && receiveMs !== undefined;
  if (!isTimed || computeMs === undefined || sendMs === undefined || clockOffsetMs === undefined) return [];
  const at = startedAt - clockOffsetMs;
  return [
    ['receive', at - receiveMs, receiveMs],
    ['compute', at, computeMs],
    ['send', at + computeMs, sendMs],
  ];
}
