import type { Hello } from '../shared/protocol/messages.ts';
import type { RoundKind } from '../shared/workload.ts';
import type { Assignment } from './assignment.ts';
import type { ConnectedWorker } from './connected-worker.ts';
import type { Throughput } from './throughput.ts';

/** A worker that was admitted: it is getting ready, or takes part. */
export interface Member {
  readonly worker: ConnectedWorker;
  readonly rank: number;
  readonly name: string;
  readonly pid?: number;
  /** Tells processes apart, as far as they say who they are: a worker that comes back has the same. */
  readonly identity: string;
  isReady: boolean;
  /** It takes no more shares. */
  isLeaving: boolean;
  /** The step of the parameters that it was sent last. */
  parametersStep: number | undefined;
  /** The share that it owes; one at a time. */
  assignment: Assignment | undefined;
  /** By kind of work. */
  readonly throughputs: Partial<Record<RoundKind, Throughput>>;
}

export interface WorkerStatus {
  readonly rank: number;
  readonly name: string;
  readonly pid?: number;
  readonly state: 'preparing' | 'idle' | 'computing' | 'late' | 'leaving';
  /** Null until measured. */
  readonly examplesPerSecond: number | null;
}

export function labelOf({ rank, name, pid }: Member): { rank: number; name: string; pid?: number } {
  return { rank, name, ...(pid !== undefined && { pid }) };
}

export function statusOf(member: Member): WorkerStatus {
  return {
    ...labelOf(member),
    state: stateOf(member),
    examplesPerSecond: member.throughputs.train?.examplesPerSecond ?? null,
  };
}

function stateOf({ isReady, isLeaving, assignment }: Member): WorkerStatus['state'] {
  if (!isReady) return 'preparing';
  if (isLeaving) return 'leaving';
  if (!assignment) return 'idle';
  return assignment.isLate ? 'late' : 'computing';
}

/** "local-0/31861". */
export const identityOf = ({ name, pid }: Pick<Hello, 'name' | 'pid'>): string =>
  pid === undefined ? name : `${name}/${pid}`;

/** The smallest number that no member has. */
export function freeRank(members: Iterable<Member>): number {
  const taken = new Set(Array.from(members, ({ rank }) => rank));
  let rank = 0;
  while (taken.has(rank)) rank++;
  return rank;
}
