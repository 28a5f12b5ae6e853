import { createDraws } from '../../support/simulation/draws.ts';
import { crowd, dropShares, tellLies } from './forged-members.ts';
import { sendFrameStorm } from './frame-storm.ts';
import { attackRaw, RAW_ATTACKS } from './raw-attacks.ts';
import type { Origin, Target } from './target.ts';

export interface Phase {
  readonly name: string;
  /** Carries the attack out. Resolves to what it did, for people. */
  readonly attack: (target: Target) => Promise<string>;
}

export interface PhaseResult {
  readonly name: string;
  readonly what: string;
}

export interface PhaseOptions {
  readonly seed: number;
  readonly frameCount: number;
  readonly part: number;
}

/** More than there may be members. */
const CROWD = 1_200;
const CROWD_STAYS_MS = 8_000;
const DROPPERS = 150;
const LIARS = 300;

/**
 * The phases of the attack. The attackers of each come from the honest workers' own address, or
 * from others. Liars come from others only: an address with three liars is refused, on purpose.
 */
export function attackPhases({ seed, frameCount, part }: PhaseOptions): Phase[] {
  const draws = createDraws(seed);
  const scaled = (count: number) => Math.ceil(count * part);
  const storm = (origin: Origin): Phase => ({
    name: `mutated frames, ${origin}`,
    async attack(target) {
      const count = Math.ceil(frameCount / 2);
      const { connectionCount, framesOf, deafCount } = await sendFrameStorm(target, {
        frameCount: count,
        origin,
        draws,
      });
      const states = Object.entries(framesOf).map(([state, frames]) => `${frames} ${state}`);
      const connections = `${connectionCount} connections, ${deafCount} unanswered`;
      return `${count} frames (${states.join(', ')}), ${connections}`;
    },
  });
  const raw = (origin: Origin): Phase => ({
    name: `raw sockets, ${origin}`,
    async attack(target) {
      let count = 0;
      for (const attack of RAW_ATTACKS)
        count += await attackRaw(target, attack, { origin, draws, part });
      return `${RAW_ATTACKS.length} attacks, ${count} connections`;
    },
  });
  const droppers = (origin: Origin): Phase => ({
    name: `dropped shares, ${origin}`,
    async attack(target) {
      const count = scaled(DROPPERS);
      const dropped = await dropShares(target, { origin, draws, count });
      return `${count} members, ${dropped} shares dropped`;
    },
  });
  const crowds = (origin: Origin, isReady: boolean): Phase => ({
    name: `crowd ${isReady ? 'that is ready' : 'that prepares'}, ${origin}`,
    async attack(target) {
      const options = { origin, draws, count: scaled(CROWD) };
      const joined = await crowd(target, options, isReady, CROWD_STAYS_MS * part);
      return `${options.count} members, ${joined} let in`;
    },
  });
  const liars: Phase = {
    name: 'lies, other',
    async attack(target) {
      const count = scaled(LIARS);
      const lies = await tellLies(target, { origin: 'other', draws, count });
      return `${count} members, ${lies} lies`;
    },
  };
  return [
    storm('other'),
    storm('same'),
    raw('other'),
    raw('same'),
    droppers('other'),
    droppers('same'),
    crowds('other', false),
    crowds('same', false),
    crowds('other', true),
    crowds('same', true),
    liars,
  ];
}
