import { type Clock, sleep } from '../shared/clock.ts';
import { describeFault, isPermanent, LockstepError, reasonOf } from '../shared/errors.ts';
import { guardedLink } from '../shared/protocol/guarded-link.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import type { RunConfig } from '../shared/round/run-config.ts';
import type { SessionEnd } from './close-reason.ts';
import { WorkerSession, type WorkerSessionOptions } from './worker-session.ts';

/** An event of a worker, for people and scripts. */
export type WorkerEvent =
  | { event: 'joined'; url: string; rank: number }
  | { event: 'retry'; reason: string; delayMs: number }
  | { event: 'left'; outcome: 'finished' | 'drained' }
  | { event: 'left'; outcome: 'failed'; reason: string }
  | { event: 'notice'; code: 'engine' | 'fault'; message: string };

export interface RunWorkerOptions {
  readonly url: string;
  /** Connects. Resolves to a function that opens the link for a listener. */
  readonly dial: (signal: AbortSignal) => Promise<(listener: LinkListener) => Link>;
  readonly session: Omit<WorkerSessionOptions, 'onJoined' | 'onWelcome'> &
    Partial<Pick<WorkerSessionOptions, 'onWelcome'>>;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter of the delay. */
  readonly random: () => number;
  /** The time to keep trying to connect, if the worker has never joined. */
  readonly firstRetryMs: number;
  /** The time to keep trying to reconnect, if the worker has joined before. */
  readonly retryMs: number;
  readonly report: (event: WorkerEvent) => void;
}

const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 10_000;

/**
 * Joins a coordinator and computes until the run is over or `signal` is aborted. When aborted,
 * the worker finishes its share first. Reconnects with backoff and jitter when the connection is
 * lost.
 *
 * Throws a `REFUSED` error if the coordinator refuses the worker. Throws a `NETWORK` error if the
 * coordinator cannot be reached for too long. Throws a `MODEL`, `MEMORY` or `ENGINE` error if this
 * machine cannot compute the run.
 */
export async function runWorker(options: RunWorkerOptions, signal: AbortSignal): Promise<void> {
  const { url, clock, report } = options;
  let giveUpAt = clock.now() + options.firstRetryMs;
  let { identity } = options.session;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const session = {
      ...options.session,
      identity,
      onWelcome(issued: string, config: RunConfig) {
        identity = { ...identity, identity: issued };
        options.session.onWelcome?.(issued, config);
      },
    };
    const end = await connectOnce({ ...options, session }, signal, () => {
      attempt = 0;
      giveUpAt = Number.POSITIVE_INFINITY;
    });
    if (end.outcome === 'finished' || end.outcome === 'drained')
      return report({ event: 'left', outcome: end.outcome });
    if (end.outcome === 'run-failed')
      return report({ event: 'left', outcome: 'failed', reason: end.reason });
    if (end.outcome === 'failed') throw end.error;
    if (end.outcome === 'refused')
      throw new LockstepError('REFUSED', `${url} refused this worker: ${end.reason}.`);

    if (giveUpAt === Number.POSITIVE_INFINITY) giveUpAt = clock.now() + options.retryMs;
    const leftMs = giveUpAt - clock.now();
    if (leftMs <= 0) throw new LockstepError('NETWORK', describeLoss(url, end));
    // Half of the delay is random, so that many workers do not reconnect at the same time.
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** attempt);
    // The last attempt is at the very end: a delay must not cut the time to keep trying.
    const delayMs = Math.min(backoffMs * (0.5 + options.random() / 2), leftMs);
    report({ event: 'retry', reason: end.reason, delayMs });
    await sleep(clock, delayMs, signal);
  }
  report({ event: 'left', outcome: 'drained' });
}

function describeLoss(url: string, { reason, isUnreachable }: SessionEnd & { outcome: 'lost' }) {
  if (!isUnreachable) return `the coordinator at ${url} was reached, but not for long: ${reason}.`;
  const advice = 'check that it is running and that the address is right.';
  return `cannot reach the coordinator at ${url} (${reason}): ${advice}`;
}

async function connectOnce(
  options: RunWorkerOptions & { readonly session: Omit<WorkerSessionOptions, 'onJoined'> },
  signal: AbortSignal,
  onJoined: () => void,
): Promise<SessionEnd> {
  let openLink: (listener: LinkListener) => Link;
  try {
    openLink = await options.dial(signal);
  } catch (error) {
    if (signal.aborted) return { outcome: 'drained' };
    if (isPermanent(error)) return { outcome: 'failed', error };
    return { outcome: 'lost', reason: reasonOf(error), isUnreachable: true };
  }
  const guarded = guardedLink(openLink, (error) =>
    options.report({ event: 'notice', code: 'fault', message: describeFault(error) }),
  );
  const session = new WorkerSession(guarded, {
    ...options.session,
    onJoined(rank) {
      onJoined();
      options.report({ event: 'joined', url: options.url, rank });
    },
  });
  const leave = () => session.leave();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const end = await session.ended;
  signal.removeEventListener('abort', leave);
  return end;
}
