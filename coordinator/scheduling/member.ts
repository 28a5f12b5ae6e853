import type { Round, RoundKind } from '../../shared/round/workload.ts';
import type { Broadcast } from '../connection/broadcast.ts';
import type { Worker } from '../connection/worker.ts';
import type { WorkerFigures } from '../reporting/pool-events.ts';
import { isSameRound, type PendingShare } from './pending-share.ts';
import type { Throughput } from './throughput.ts';

/*
 * The states of a member:
 *
 *   preparing ──ready──► idle ──gets a share──► computing ──deadline──► late
 *                          ▲                        │                     │
 *                          └────────answers─────────┴─────────────────────┘
 *
 *   idle, computing, late ──wants to leave──► leaving ──answers──► let go
 *
 * A member owes one share at most. A late member keeps its share but gets no other one. A leaving
 * member without a share is let go at once.
 */
export type MemberState =
  | { readonly name: 'preparing' }
  | { readonly name: 'idle' }
  | { readonly name: 'computing'; readonly share: PendingShare }
  | { readonly name: 'late'; readonly share: PendingShare }
  | {
      readonly name: 'leaving';
      readonly share: PendingShare | undefined;
      readonly isLate: boolean;
    };

/** A worker that was admitted. */
export interface Member {
  readonly worker: Worker;
  readonly rank: number;
  readonly name: string;
  readonly pid?: number;
  /** "local-0/31861": the name in the records. */
  readonly label: string;
  /** The secret by which the coordinator knows the worker again; see `Admission`. */
  readonly identity: string;
  /** Where the worker comes from: members of one origin may be one liar. */
  readonly origin: string;
  /** Whether the coordinator's own process started the worker. */
  readonly isOwn: boolean;
  /** Whether it is a browser's tab, or has joined with the token that only works. */
  readonly isGuest: boolean;
  /** The threads that compute its shares, as it says; undefined if it does not. */
  readonly threads?: number;
  /** What it runs in, as it says: `node`, or `browser` and the browser's name. */
  readonly runtime: string;
  /** In ms of the coordinator's clock. */
  readonly admittedAt: number;
  /** How many sums of it were checked, and were right. */
  checkedSums: number;
  /** Whether it has answered a share. Until then its share is only a trial; see `newcomers`. */
  hasAnswered: boolean;
  /** How many shares it has answered, and how many were late, answered or not. */
  answeredShares: number;
  lateShares: number;
  /** The newest step that it was asked for, and of how many micro-batches. */
  askedStep: number;
  microBatches: number;
  /** Not before this time does a newcomer get a share, in ms of the coordinator's clock. */
  readonly trialAt: number;
  state: MemberState;
  /** The parameters that were last sent to it whole. */
  broadcast: Pick<Broadcast, 'step'> | undefined;
  readonly throughputs: Partial<Record<RoundKind, Throughput>>;
}

/** A member as it is admitted. */
export function createMember(
  facts: Omit<
    Member,
    | 'checkedSums'
    | 'hasAnswered'
    | 'answeredShares'
    | 'lateShares'
    | 'askedStep'
    | 'microBatches'
    | 'state'
    | 'broadcast'
    | 'throughputs'
  >,
): Member {
  return {
    ...facts,
    checkedSums: 0,
    hasAnswered: false,
    answeredShares: 0,
    lateShares: 0,
    askedStep: -1,
    microBatches: 0,
    state: { name: 'preparing' },
    broadcast: undefined,
    throughputs: {},
  };
}

/** A member, for people. */
export interface WorkerStatus extends WorkerFigures {
  /** In ms of the coordinator's clock. */
  readonly admittedAt: number;
}

export const isReady = ({ state }: Member): boolean => state.name !== 'preparing';

/** Whether it may get shares, now or once it has answered. */
export const isStaying = ({ state }: Member): boolean =>
  state.name !== 'preparing' && state.name !== 'leaving';

/** The share that it has not answered yet. */
export const shareOf = ({ state }: Member): PendingShare | undefined =>
  'share' in state ? state.share : undefined;

export const isLate = ({ state }: Member): boolean =>
  state.name === 'late' || (state.name === 'leaving' && state.isLate);

/** The share that it works on in this round and in time, if that is no trial. */
export function timelyShareOf(member: Member, round: Round): PendingShare | undefined {
  const share = shareOf(member);
  if (!share || share.isTrial || isLate(member)) return undefined;
  return isSameRound(share.round, round) ? share : undefined;
}

/**
 * Guests come and go, and many go without a word. So a guest answers so many shares as trials
 * before a step waits for it. A hundred tabs that stay for seconds cost a step no time then.
 */
const GUEST_TRIALS = 16;

/** Whether the coordinator relies on its answer. */
export const isProven = ({ hasAnswered, answeredShares, isOwn, isGuest }: Member): boolean =>
  isOwn || (isGuest ? answeredShares >= GUEST_TRIALS : hasAnswered);

export function markLate(member: Member): void {
  const { state } = member;
  if (state.name === 'computing') member.state = { name: 'late', share: state.share };
  if (state.name === 'leaving') member.state = { ...state, isLate: true };
}

/** Notes that it is asked for micro-batches of a step, also if it was for others of that step. */
export function noteAsked(member: Member, { kind, step }: Round, leafCount: number): void {
  if (kind !== 'train') return;
  member.microBatches = leafCount + (member.askedStep === step ? member.microBatches : 0);
  member.askedStep = step;
}

/** Notes that it has answered its share, and returns the share. */
export function markAnswered(member: Member): PendingShare | undefined {
  const share = shareOf(member);
  member.hasAnswered = true;
  member.answeredShares++;
  const isLeaving = member.state.name === 'leaving';
  member.state = isLeaving
    ? { name: 'leaving', share: undefined, isLate: false }
    : { name: 'idle' };
  return share;
}

/** Of a member that is ready: one that is not owes nothing and just goes. */
export function markLeaving(member: Member): void {
  member.state = { name: 'leaving', share: shareOf(member), isLate: isLate(member) };
}

export function labelOf({ rank, name, pid }: Member): { rank: number; name: string; pid?: number } {
  return { rank, name, ...(pid !== undefined && { pid }) };
}

export function statusOf(member: Member): WorkerStatus {
  const { worker, runtime, threads = null, state, throughputs } = member;
  const { microBatches, answeredShares, lateShares, checkedSums, admittedAt } = member;
  return {
    ...labelOf(member),
    state: state.name,
    place: worker.sharesMemory ? 'process' : worker.isLocal ? 'machine' : 'network',
    address: worker.address?.replace(/^::ffff:/, '') ?? null,
    runtime,
    threads,
    isHidden: worker.isHidden ?? null,
    examplesPerSecond: throughputs.train?.examplesPerSecond ?? null,
    microBatches,
    answeredShares,
    lateShares,
    checkedSums,
    ...worker.traffic,
    admittedAt,
  };
}
