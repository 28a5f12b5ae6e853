import type { Member } from '../../coordinator/scheduling/member.ts';
import {
  beginPendingShare,
  type PendingShare,
} from '../../coordinator/scheduling/pending-share.ts';
import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { Round } from '../../shared/round/workload.ts';
import { createSimulatedClock } from './simulation/simulated-clock.ts';
import { connectWorker } from './toy-connected-worker.ts';

/** A member that is idle unless `overrides` has another state. */
export function toyMember(rank: number, overrides: Partial<Member> = {}): Member {
  const name = `worker ${rank}`;
  const { worker } = connectWorker();
  return {
    ...{ worker, rank, name, label: name, identity: name, origin: name },
    isOwn: false,
    isGuest: false,
    runtime: 'node',
    checkedSums: 100,
    hasAnswered: true,
    admittedAt: 0,
    ...{ answeredShares: 1, lateShares: 0, askedStep: -1, microBatches: 0 },
    trialAt: 0,
    state: { name: 'idle' },
    broadcast: undefined,
    throughputs: {},
    ...overrides,
  };
}

/** A share that is sent now, with ten examples per leaf. */
export function toyShare(round: Round, leaves: LeafRange, expectedMs?: number): PendingShare {
  const exampleCount = 10 * (leaves.hi - leaves.lo);
  return beginPendingShare(
    createSimulatedClock(),
    { round, leaves, exampleCount, isTrial: false, sentAt: 0, expectedMs, deadlineMs: 1_000 },
    () => {},
    () => {},
  );
}
