import { decodeWorkerFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { CLOSE, type Link, type LinkListener } from '../../shared/protocol/link.ts';
import type { WorkerMessage } from '../../shared/protocol/messages.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import { type RunWorkerOptions, runWorker, type WorkerEvent } from '../../worker/run-worker.ts';
import { createSimulatedClock } from './simulation/simulated-clock.ts';
import { config, connection, dataset } from './simulation/simulated-pool.ts';
import { naiveEngine } from './toy-run.ts';

export const url = 'ws://test';
const challenge = challengeFor(config);
export const welcome = encodeFrame({
  type: 'welcome',
  rank: 2,
  identity: 'issued',
  config,
  challenge,
});

/** A coordinator's reaction to a message. */
export type Coordinator = (message: WorkerMessage, link: Link) => void;

const accepted = encodeFrame({ type: 'accepted' });

/** Admits the worker, and calls `onReady` when the worker is ready and accepted. */
export const admit =
  (onReady: (link: Link) => void): Coordinator =>
  ({ type }, link) => {
    if (type === 'hello') link.send(welcome);
    if (type !== 'ready') return;
    link.send(accepted);
    onReady(link);
  };
export const cut: Coordinator = (_, link) => link.close(CLOSE.abnormal, '');
export const lose = admit((link) => link.close(CLOSE.goingAway, 'restart'));
export const dismiss = (reason: 'finished' | 'drained'): Coordinator =>
  admit((link) => link.send(encodeFrame({ type: 'goodbye', reason })));

/**
 * Prepares a worker. Each dial reaches the next of these coordinators. A dial fails if the next one
 * is undefined, or if none is left.
 */
export function startToyWorker(
  coordinators: (Coordinator | undefined)[],
  overrides: Partial<RunWorkerOptions> = {},
  session: Partial<RunWorkerOptions['session']> = {},
) {
  const clock = createSimulatedClock();
  const leaving = new AbortController();
  const events: WorkerEvent[] = [];
  const dialedAt: number[] = [];
  const connectTo = (answer: Coordinator): ((listener: LinkListener) => Link) => {
    const { openFirst, openSecond } = connection(clock);
    const link = openFirst({
      onFrame: (frame) => answer(decodeWorkerFrame(frame).message, link),
      onClose() {},
    });
    return openSecond;
  };
  const options: RunWorkerOptions = {
    url,
    async dial() {
      dialedAt.push(clock.now());
      const coordinator = coordinators.shift();
      if (!coordinator) throw new Error('nobody there');
      return connectTo(coordinator);
    },
    clock,
    random: () => 0,
    firstRetryMs: 60_000,
    retryMs: 60_000,
    session: {
      clock,
      openEngine: () => naiveEngine,
      identity: { name: 'test', numerics: ['strict'] },
      loadDataset: async () => dataset,
      pause: async () => {},
      ...session,
    },
    report: (event) => events.push(event),
    ...overrides,
  };
  /** Runs the worker to its end. Resolves to 'left', or to the error that the worker throws. */
  const run = async (): Promise<unknown> => {
    let outcome: unknown;
    runWorker(options, leaving.signal).then(
      () => {
        outcome = 'left';
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    await clock.run(() => outcome !== undefined, 3_600_000);
    return outcome;
  };
  const leaveAt = (ms: number) => clock.setTimer(ms, () => leaving.abort());
  const delays = () => events.flatMap((each) => (each.event === 'retry' ? [each.delayMs] : []));
  return { clock, events, dialedAt, run, leaveAt, leaving, delays };
}
