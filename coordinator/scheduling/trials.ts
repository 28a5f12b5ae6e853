import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { Member } from './member.ts';

/** So many newcomers are tried at a time: a crowd of them must not cost the round any time. */
const TRIALS_MAX = 8;

export interface TrialOptions {
  /** The members that may get shares, by rank. */
  readonly staying: readonly Member[];
  /** Those of them that the round relies on. The others are newcomers, or late. */
  readonly reliable: readonly Member[];
  readonly leafCount: number;
  readonly now: number;
  /** Divides leaves among members, in their order. */
  readonly plan: (leaves: LeafRange, members: readonly Member[]) => LeafRange[];
}

/** Which newcomers get a share now, to try them. Reliable members compute these leaves too. */
export function chooseTrials(options: TrialOptions): { newcomer: Member; leaves: LeafRange }[] {
  const { staying, leafCount, now, plan } = options;
  const reliable = new Set(options.reliable);
  const others = staying.filter((member) => !reliable.has(member));
  // A late newcomer makes room for the next one.
  const onTrial = others.filter(({ state }) => state.name === 'computing');
  const waiting = others.filter(({ state, trialAt }) => state.name === 'idle' && now >= trialAt);
  const newcomers = waiting.slice(0, Math.max(0, TRIALS_MAX - onTrial.length));
  if (newcomers.length === 0) return [];
  const shares = plan({ lo: 0, hi: leafCount }, [...reliable, ...onTrial, ...newcomers]);
  return newcomers.map((newcomer, index) => {
    const planned = shares[reliable.size + onTrial.length + index];
    // An empty share would prove nothing, and keep others from being tried.
    const lo = Math.min(planned.lo, leafCount - 1);
    return { newcomer, leaves: { lo, hi: Math.max(planned.hi, lo + 1) } };
  });
}
