import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { Hello } from '../../shared/protocol/messages.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Refusal } from '../reporting/pool-events.ts';

/** After so many wrong sums, nobody of an address is admitted anymore. */
const WRONG_SUMS_MAX = 3;

/** How long newcomers of an origin wait for a share. It doubles when one leaves without answer. */
const TRIAL_DELAY_MIN_MS = 250;
const TRIAL_DELAY_MAX_MS = 60_000;

/** So many issued identities and origins are remembered. Who is forgotten is a newcomer again. */
const REMEMBERED_MAX = 10_000;

/** A worker as the coordinator knows it. */
export interface Identity {
  /**
   * A secret of the coordinator, who issues it, and the worker. A worker that comes back shows it,
   * so nobody else can pass for this worker.
   */
  readonly identity: string;
  readonly origin: string;
  readonly isOwn: boolean;
  /** Whether it is a browser's tab, or has joined with the token that only works. */
  readonly isGuest: boolean;
}

/** Why a worker may not take part: for counters, and for people with what to do about it. */
export interface RefusedHello {
  readonly reason: Exclude<Refusal, 'full'>;
  readonly message: string;
}

/** Decides which workers may take part, and knows them again. */
export interface Admission {
  /** Why a worker may not take part; undefined if it may. */
  refusalOf(hello: Hello, address: string | undefined): RefusedHello | undefined;
  /** The worker's identity: the one that it shows, if it was issued, else a new one. */
  identify(hello: Hello, address: string | undefined): Identity;
  /** Issues an identity for a worker that this process is about to start. */
  issueOwn(): string;
  /** Our own worker with this identity is about to be killed by us. */
  noteKilled(identity: string): void;
  isKilled(identity: string): boolean;
  /**
   * Refuses a worker from now on. Its origin is a suspect, unless the worker is our own, or its sum
   * is wrong by our doing.
   */
  expel(identity: Omit<Identity, 'isGuest'>, isOurDoing?: boolean): void;
  /** Whether a worker of this origin was expelled. */
  isSuspect(origin: string): boolean;
  /** A worker that got a share has gone: did it ever answer one? */
  noteGone(worker: { readonly origin: string; readonly hasAnswered: boolean }): void;
  /** How long the next newcomer of this origin waits for a share. */
  trialDelayMs(origin: string): number;
}

export interface AdmissionOptions {
  readonly numerics: RunConfig['numerics'];
  readonly isTokenValid: (token: string | undefined) => boolean;
  /** Whether this is the token of guests, that only works. Default: no token is. */
  readonly isGuestToken?: ((token: string | undefined) => boolean) | undefined;
  /** Makes a text that nobody can guess. */
  readonly makeIdentity: () => string;
}

/** A tab says what it is. Whoever denies it needs the token of those who are trusted. */
const isTab = ({ runtime = '' }: Hello): boolean => /^browser\b/.test(runtime);

export function createAdmission(options: AdmissionOptions): Admission {
  const { makeIdentity, isGuestToken = () => false } = options;
  const own = new Set<string>();
  const killed = new Set<string>();
  const issued = new Set<string>();
  const banned = new Set<string>();
  const wrongSums = new Map<string, number>();
  const unanswered = new Map<string, number>();
  return {
    noteGone({ origin, hasAnswered }) {
      const count = unanswered.get(origin) ?? 0;
      unanswered.delete(origin);
      if (!hasAnswered) unanswered.set(origin, count + 1);
      dropOldest(unanswered);
    },
    trialDelayMs(origin) {
      const count = unanswered.get(origin) ?? 0;
      return count === 0 ? 0 : Math.min(TRIAL_DELAY_MAX_MS, TRIAL_DELAY_MIN_MS * 2 ** count);
    },
    issueOwn() {
      const identity = makeIdentity();
      own.add(identity);
      return identity;
    },
    noteKilled: (identity) => void killed.add(identity),
    isKilled: (identity) => killed.has(identity),
    identify(hello, address) {
      const shown = hello.identity ?? '';
      // A worker without an address is in this process.
      const isOwn = own.has(shown) || address === undefined;
      const identity = isOwn || issued.has(shown) ? shown || makeIdentity() : makeIdentity();
      issued.add(identity);
      dropOldest(issued);
      const isGuest = !isOwn && (isTab(hello) || isGuestToken(hello.token));
      return { identity, isOwn, isGuest, origin: isOwn ? identity : originOf(address ?? '') };
    },
    expel({ identity, origin, isOwn }, isOurDoing = false) {
      banned.add(identity);
      if (!isOwn && !isOurDoing) wrongSums.set(origin, (wrongSums.get(origin) ?? 0) + 1);
    },
    isSuspect: (origin) => wrongSums.has(origin),
    refusalOf(hello, address) {
      if (hello.identity !== undefined && banned.has(hello.identity))
        return { reason: 'expelled', message: 'it gave a wrong sum before' };
      const isKnown = hello.identity !== undefined && own.has(hello.identity);
      if (!isKnown && (wrongSums.get(originOf(address ?? '')) ?? 0) >= WRONG_SUMS_MAX)
        return {
          reason: 'address',
          message: `${WRONG_SUMS_MAX} workers of its address gave wrong sums`,
        };
      return mismatchOf(hello, options);
    },
  };
}

/** Keeps what was added last: whoever comes and goes again and again must not fill the memory. */
function dropOldest(entries: Set<string> | Map<string, number>): void {
  const [oldest] = entries.keys();
  if (entries.size > REMEMBERED_MAX) entries.delete(oldest);
}

/** Why a worker does not fit the run. */
function mismatchOf(
  { protocolVersion, numerics, token }: Hello,
  { numerics: runNumerics, isTokenValid }: AdmissionOptions,
): RefusedHello | undefined {
  if (protocolVersion !== PROTOCOL_VERSION) {
    return {
      reason: 'version',
      message:
        `it speaks protocol version ${protocolVersion}, this coordinator version ` +
        `${PROTOCOL_VERSION}: install the same version of Lockstep on both`,
    };
  }
  if (!isTokenValid(token)) {
    const given = token === undefined ? 'no token' : 'a wrong token';
    return {
      reason: 'token',
      message:
        `it gave ${given}: start it with the coordinator’s token, as LOCKSTEP_TOKEN or with ` +
        '--token-file',
    };
  }
  if (numerics?.includes(runNumerics)) return undefined;
  const its = numerics?.length
    ? `it computes ${numerics.join(', ')}`
    : 'it does not say which numerics it computes';
  return {
    reason: 'numerics',
    message:
      `${its}, and this run needs ${runNumerics}: start the coordinator with ` +
      '--numerics strict, which every machine can compute',
  };
}

/** An IPv4 address, or the network of an IPv6 address: its first 64 bits are one place. */
export function originOf(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  if (!plain.includes(':')) return plain;
  const [head, tail = ''] = plain.split('::');
  const groups = head.split(':').filter(Boolean);
  const rest = tail.split(':').filter(Boolean);
  const missing = plain.includes('::') ? 8 - groups.length - rest.length : 0;
  return [...groups, ...Array<string>(missing).fill('0'), ...rest].slice(0, 4).join(':');
}

/**
 * The member that makes room for another worker, when there are as many as there may be. It has
 * never answered a share: the oldest one of the origin that has most of these. So a worker gets in
 * however many others just take places. Undefined: all members have answered.
 */
export function leastProven<
  M extends { readonly origin: string; readonly isOwn: boolean; readonly hasAnswered: boolean },
>(members: Iterable<M>): M | undefined {
  const unproven = [...members].filter(({ hasAnswered, isOwn }) => !hasAnswered && !isOwn);
  const groups = [...Map.groupBy(unproven, ({ origin }) => origin).values()];
  return groups.sort((a, b) => b.length - a.length)[0]?.[0];
}

/** "local-0/31861": how the records call a worker. */
export const labelFor = ({ name, pid }: Pick<Hello, 'name' | 'pid'>): string =>
  pid === undefined ? name : `${name}/${pid}`;

/** The smallest rank that nobody has. */
export function freeRank(taken: Iterable<{ readonly rank: number }>): number {
  const ranks = new Set(Array.from(taken, ({ rank }) => rank));
  let rank = 0;
  while (ranks.has(rank)) rank++;
  return rank;
}
