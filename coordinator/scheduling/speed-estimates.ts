import type { ShareTiming } from '../../shared/protocol/messages.ts';
import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { RoundKind } from '../../shared/round/workload.ts';
import type { Member } from './member.ts';
import type { PendingShare } from './pending-share.ts';
import { planShares } from './planner.ts';
import { createStragglerDeadline } from './straggler-deadline.ts';
import { measure, measureCommunication, plannedSpeeds, raiseEstimate } from './throughput.ts';

/** Measures how fast workers answer, and derives shares and deadlines from that. */
export interface SpeedEstimates {
  /** Divides leaves among members, in their order; see `planShares`. */
  plan(kind: RoundKind, leaves: LeafRange, members: readonly Member[]): LeafRange[];
  /** How long a member should take; undefined if it has not been measured. */
  expectedMs(kind: RoundKind, member: Member, exampleCount: number): number | undefined;
  /** After how long a share is late. */
  deadlineMs(kind: RoundKind, expectedMs: number | undefined): number;
  /** A member has answered a share after `actualMs`. */
  recordShare(
    member: Member,
    share: PendingShare,
    actualMs: number,
    timing: ShareTiming | undefined,
  ): void;
  recordRound(kind: RoundKind, durationMs: number): void;
  /** A member was too slow for a share in this round. It will get one in a later round. */
  recordNoShare(kind: RoundKind, member: Member): void;
}

export function createSpeedEstimates(): SpeedEstimates {
  const deadlines = createStragglerDeadline();
  /** The part of a training share's time that is not computing. */
  let communicationFraction = 0;

  return {
    plan(kind, leaves, members) {
      const speeds = plannedSpeeds(members.map(({ throughputs }) => throughputs[kind]));
      return planShares(leaves, speeds, kind === 'train' ? communicationFraction : 0);
    },
    expectedMs(kind, { throughputs }, exampleCount) {
      const known = throughputs[kind];
      return known && (exampleCount / known.examplesPerSecond) * 1000;
    },
    deadlineMs: deadlines.deadlineMs,
    recordShare({ throughputs }, { round, exampleCount, expectedMs }, actualMs, timing) {
      const { kind } = round;
      if (expectedMs !== undefined) deadlines.recordShare(expectedMs, actualMs);
      if (timing && kind === 'train') {
        const { computeMs } = timing;
        communicationFraction = measureCommunication(communicationFraction, computeMs, actualMs);
      }
      throughputs[kind] = measure(throughputs[kind], (exampleCount / actualMs) * 1000);
    },
    recordRound: deadlines.recordRound,
    recordNoShare(kind, { throughputs }) {
      const known = throughputs[kind];
      if (known) throughputs[kind] = raiseEstimate(known);
    },
  };
}
