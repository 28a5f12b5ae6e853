import type { Clock } from '../../shared/clock.ts';
import { describeFault } from '../../shared/errors.ts';
import { KILLED } from '../control/controlled.ts';
import type { PoolEvent, PoolNotice } from '../reporting/pool-events.ts';
import { createRefusalNotices } from './refusal-notices.ts';

/** What people are told of the workers of a run, in addition to who comes and goes. */
export interface PoolNotices {
  /** A worker was refused; see `refusal-notices`. */
  refused(name: string, reason: string): void;
  /** A worker was admitted, and is gone before it was ready. */
  unready(name: string, reason: string): void;
  /** An error of Lockstep itself ended a connection. */
  fault(error: unknown): void;
  /** The run waits for its first workers. */
  gathering(ready: number, admitted: number, needed: number, waitedMs: number): void;
  /** A round waits because no worker is left: since now, or for some time. */
  alone(round: string, waitedMs?: number): void;
  /** To be called when a worker has come or gone. There may be more than micro-batches. */
  worldSize(worldSize: number): void;
}

export function createPoolNotices(
  clock: Clock,
  microBatchCount: number,
  report: (event: PoolEvent) => void,
): PoolNotices {
  const tell = (code: PoolNotice, message: string) => report({ event: 'notice', code, message });
  let isCrowded = false;
  return {
    refused: createRefusalNotices(clock, (message) => tell('refused', message)),
    unready(name, reason) {
      const message = `worker ${name} went before it was ready (${reason})`;
      const hint =
        'its own output and exit code say more (137: killed by signal 9, perhaps out of memory)';
      tell('unready', reason === KILLED ? message : `${message}: ${hint}`);
    },
    fault: (error) => tell('fault', `a connection failed: ${describeFault(error)}`),
    gathering(ready, admitted, needed, waitedMs) {
      const others = admitted > ready ? `, and ${admitted - ready} more get ready` : '';
      const counts = `${ready} of ${needed} are ready${others}`;
      tell('waiting', `the run has waited ${seconds(waitedMs)} for workers: ${counts}`);
    },
    alone(round, waitedMs) {
      const message =
        waitedMs === undefined
          ? `no worker is left: ${round} waits until one joins`
          : `${round} has waited ${seconds(waitedMs)} for a worker`;
      tell('waiting', message);
    },
    worldSize(worldSize) {
      const wasCrowded = isCrowded;
      isCrowded = worldSize > microBatchCount;
      if (wasCrowded || !isCrowded) return;
      tell(
        'crowded',
        `there are more workers (${worldSize}) than micro-batches (${microBatchCount}): those ` +
          'beyond get no work in training; a new run can have more --micro-batches',
      );
    },
  };
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
