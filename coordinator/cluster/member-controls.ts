import { DRAIN_TIMEOUT_MS } from '../../shared/protocol/limits.ts';
import type { Disturbance } from '../connection/disturbance.ts';
import type { MemberControls } from '../control/controlled.ts';
import type { Member } from '../scheduling/member.ts';

/**
 * What can be done to a member. `drain` lets it go as soon as it owes nothing. A member that is
 * dismissed while it does not answer is let go after the time in which it would go by itself.
 */
export function controlsFor(
  { rank, name, identity, worker }: Member,
  disturbance: Disturbance,
  drain: () => void,
): MemberControls {
  return {
    rank,
    name,
    identity,
    cut: () => worker.close({ why: 'cut' }),
    hold: disturbance.hold,
    corrupt: disturbance.corrupt,
    dismiss() {
      disturbance.hold(0);
      disturbance.later(DRAIN_TIMEOUT_MS, () => worker.close({ why: 'drained' }));
      drain();
    },
  };
}
