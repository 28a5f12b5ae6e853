import type { Clock } from '../shared/clock.ts';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import { type SessionEnd, WorkerSession, type WorkerSessionOptions } from './worker-session.ts';

/** What a worker tells, for people and scripts. */
export type WorkerEvent =
  | { event: 'joined'; url: string; rank: number }
  | { event: 'retry'; reason: string; delayMs: number }
  | { event: 'left'; outcome: 'finished' | 'drained' }
  | { event: 'notice'; code: 'engine'; message: string };

export interface RunWorkerOptions {
  readonly url: string;
  /** Connects; resolves to what opens the link once a listener is there. */
  readonly dial: (signal: AbortSignal) => Promise<(listener: LinkListener) => Link>;
  readonly session: Omit<WorkerSessionOptions, 'onReady'>;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** How long to keep trying, before it was ever ready and after it was. */
  readonly firstRetryMs: number;
  readonly retryMs: number;
  readonly report: (event: WorkerEvent) => void;
}

const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 10_000;

/**
 * Joins a coordinator and computes until the run is finished or `signal` is aborted, which lets it finish its share
 * first. Comes back with backoff and jitter when the connection is lost. Throws a `REFUSED` error if it is not
 * wanted, a `NETWORK` error if the coordinator cannot be reached for too long, and what keeps this machine from computing
 * the run, if something does.
 */
export async function runWorker(options: RunWorkerOptions, signal: AbortSignal): Promise<void> {
  const { url, clock, report } = options;
  let giveUpAt = clock.now() + options.firstRetryMs;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const end = await connectOnce(options, signal, () => {
      attempt = 0;
      giveUpAt = Number.POSITIVE_INFINITY;
    });
    if (end.outcome === 'finished' || end.outcome === 'drained')
      return report({ event: 'left', outcome: end.outcome });
    if (end.outcome === 'failed') throw end.error;
    if (end.outcome === 'refused')
      throw new LockstepError('REFUSED', `${url} refused this worker: ${end.reason}.`);

    if (giveUpAt === Number.POSITIVE_INFINITY) giveUpAt = clock.now() + options.retryMs;
    // Half of it random, so that many workers do not come back all at once.
    const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** attempt) * (0.5 + options.random() / 2);
    if (clock.now() + delayMs > giveUpAt) {
      throw new LockstepError(
        'NETWORK',
        `cannot reach the coordinator at ${url} (${end.reason}): is it running, and the address right?`,
      );
    }
    report({ event: 'retry', reason: end.reason, delayMs });
    await sleep(clock, delayMs, signal);
  }
  report({ event: 'left', outcome: 'drained' });
}

async function connectOnce(
  options: RunWorkerOptions,
  signal: AbortSignal,
  onReady: () => void,
): Promise<SessionEnd> {
  let openLink: (listener: LinkListener) => Link;
  try {
    openLink = await options.dial(signal);
  } catch (error) {
    return signal.aborted ? { outcome: 'drained' } : { outcome: 'lost', reason: reasonOf(error) };
  }
  const session = new WorkerSession(openLink, {
    ...options.session,
    onReady(rank) {
      onReady();
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

/** Resolves after `delayMs`, or as soon as `signal` is aborted. */
function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
