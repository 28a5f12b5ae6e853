import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import type { AnsweredShare } from '../training/gradient-source.ts';
import type { StepTiming } from './step-timings.ts';

/** A timeline of the coordinator and all workers, for Perfetto and chrome://tracing. */
export interface Trace {
  record(timing: StepTiming): void;
  /** Resolves when the whole trace is in the file. */
  close(): Promise<void>;
}

/**
 * An event of Chrome's trace event format. `ts` and `dur` are in µs. A slice (`X`) belongs to the
 * thread `tid` of the process `pid`. A name (`M`) labels a process or a thread.
 */
type TraceEvent =
  | {
      ph: 'X';
      name: string;
      pid: number;
      tid: number;
      ts: number;
      dur: number;
      args: { step: number };
    }
  | {
      ph: 'M';
      name: 'process_name' | 'thread_name';
      pid: number;
      tid: number;
      args: { name: string };
    };

const COORDINATOR = 1;
const workerPid = (rank: number): number => COORDINATOR + 1 + rank;
/** The coordinator's tracks. */
const STEPS = 0;
const SUMS = 1;
const shareTid = (rank: number): number => SUMS + 1 + rank;
/** A worker's tracks. Parameters may arrive while the last sum is sent. */
const COMPUTING = 0;
const RECEIVING = 1;

/**
 * Begins the file, an array of events. If this process is killed, readers accept the file without
 * its end. Throws a `FILE` error if the file cannot be opened. If a later write fails, calls
 * `onFailure` once, and ends only the trace.
 */
export async function openTrace(
  file: string,
  onFailure: (message: string) => void,
): Promise<Trace> {
  const handle = await open(file, 'w').catch((error: unknown) => {
    throw new LockstepError('FILE', `cannot write --trace ${file}: ${reasonOf(error)}.`);
  });
  const stream = createWriteStream(file, { fd: handle });
  stream.once('error', (error) =>
    onFailure(`cannot write the trace ${file}, so it ends here: ${error.message}`),
  );
  const named = new Set<string>();
  const withoutOverlap = createOverlapCutter();
  let separator = '[';
  const write = (event: TraceEvent): void => {
    if (stream.writable) stream.write(`${separator}\n${JSON.stringify(event)}`);
    separator = ',';
  };
  const name = (
    kind: 'process_name' | 'thread_name',
    pid: number,
    tid: number,
    label: string,
  ): void => {
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
        name('process_name', workerPid(rank), COMPUTING, `worker, rank ${rank}`);
        name('thread_name', workerPid(rank), COMPUTING, 'shares');
        name('thread_name', workerPid(rank), RECEIVING, 'parameters');
      }
      for (const event of eventsOf(timing)) write(withoutOverlap(event));
    },
    async close() {
      if (stream.writable) stream.end(`${separator === '[' ? '[' : ''}\n]\n`);
      await finished(stream).catch(() => {});
    },
  };
}

/**
 * Cuts the start of a worker's slice that overlaps the one before it: the measured offset between
 * two clocks changes a little.
 */
function createOverlapCutter(): (event: TraceEvent & { ph: 'X' }) => TraceEvent {
  const ends = new Map<string, number>();
  return (event) => {
    const { pid, tid, ts, dur } = event;
    if (pid === COORDINATOR) return event;
    const track = `${pid} ${tid}`;
    const start = Math.max(ts, ends.get(track) ?? ts);
    const end = Math.max(ts + dur, start);
    ends.set(track, end);
    return { ...event, ts: start, dur: end - start };
  };
}

/**
 * The slices of one step. A worker's times are shifted to the coordinator's clock by the offset
 * that the connection measured. If a share has several sums, the worker computes and sends in
 * turns. The trace shows one slice for all of the computing, then one for all of the sending.
 */
function* eventsOf(timing: StepTiming): Generator<TraceEvent & { ph: 'X' }> {
  const { step, doneAt, milliseconds, updateMs, reductions = [], shares = [] } = timing;
  const { broadcastMs = 0 } = timing;
  const slice = (name: string, pid: number, tid: number, from: number, to: number) => {
    // The ends are rounded, not the duration, so that neighbors do not overlap.
    const ts = Math.round(from * 1000);
    const dur = Math.max(0, Math.round(to * 1000) - ts);
    return { ph: 'X', name, pid, tid, args: { step }, ts, dur } as const;
  };
  const startedAt = doneAt - milliseconds;
  const sentAt = Math.min(startedAt + broadcastMs, doneAt);
  const summedAt = Math.max(doneAt - updateMs, sentAt);
  yield slice(`step ${step}`, COORDINATOR, STEPS, startedAt, doneAt);
  if (shares.length > 0) yield slice('broadcast', COORDINATOR, STEPS, startedAt, sentAt);
  const waiting = shares.length === 0 ? 'compute' : 'wait for sums';
  yield slice(waiting, COORDINATOR, STEPS, sentAt, summedAt);
  yield slice('update', COORDINATOR, STEPS, summedAt, doneAt);
  for (const { startMs, ms } of reductions)
    yield slice('reduce', COORDINATOR, SUMS, startedAt + startMs, startedAt + startMs + ms);
  for (const share of shares) {
    const { rank, roundTripMs } = share;
    const from = startedAt + share.startMs;
    yield slice('share', COORDINATOR, shareTid(rank), from, from + roundTripMs);
    for (const [name, tid, start, end] of workerSlices(share))
      yield slice(name, workerPid(rank), tid, start, end);
  }
}

/**
 * The worker's slices for a share: name, track, start and end by the coordinator's clock in ms.
 * Empty if a time is unknown.
 */
function workerSlices(share: AnsweredShare): [string, number, number, number][] {
  const { startedAt, receiveMs, computeMs, sendMs, clockOffsetMs } = share;
  const isTimed = startedAt !== undefined && receiveMs !== undefined;
  if (!isTimed || computeMs === undefined || sendMs === undefined || clockOffsetMs === undefined)
    return [];
  const at = startedAt - clockOffsetMs;
  const computedAt = at + computeMs;
  return [
    ['receive', RECEIVING, at - receiveMs, at],
    ['compute', COMPUTING, at, computedAt],
    ['send', COMPUTING, computedAt, computedAt + sendMs],
  ];
}
