import { describe, expect, test } from 'vitest';
import { decodeWorkerFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import type { WorkerMessage } from '../../shared/protocol/messages.ts';
import { runWorker, type WorkerEvent } from '../../worker/run-worker.ts';
import { createSimulatedClock } from '../support/simulation/simulated-clock.ts';
import {
  config,
  connection,
  dataset,
  never,
  runUntil,
} from '../support/simulation/simulated-pool.ts';
import { naiveEngine } from '../support/toy-run.ts';

describe('a worker', () => {
  function startWorker(dial: Parameters<typeof runWorker>[0]['dial'], retryMs: number) {
    const clock = createSimulatedClock();
    const events: WorkerEvent[] = [];
    const delays: number[] = [];
    const options = {
      url: 'ws://test',
      dial,
      clock,
      random: () => 0.5,
      firstRetryMs: retryMs,
      retryMs,
      session: {
        clock,
        openEngine: () => naiveEngine,
        identity: { name: 'test', numerics: ['strict'] },
        loadDataset: async () => dataset,
        pause: async () => {},
      },
      report(event: WorkerEvent) {
        events.push(event);
        if (event.event === 'retry') delays.push(event.delayMs);
      },
    };
    let outcome: unknown;
    runWorker(options, never).then(
      () => {
        outcome = 'done';
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    return { clock, events, delays, outcome: () => outcome };
  }

  test('waits longer before each retry, then gives up with the reason', async () => {
    const refuse = async () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    };
    const { clock, delays, outcome } = startWorker(refuse, 60_000);
    await runUntil(clock, 1e9, () => outcome() !== undefined);
    expect(delays.slice(0, 8)).toEqual([150, 300, 600, 1200, 2400, 4800, 7500, 7500]);
    expect(clock.now()).toBe(60_000);
    expect(String(outcome())).toContain(
      'cannot reach the coordinator at ws://test (connect ECONNREFUSED)',
    );
  });

  test('tries to reconnect when the coordinator falls silent', async () => {
    const clock = createSimulatedClock();
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      openFirst({ onFrame() {}, onClose() {} });
      return openSecond;
    };
    const worker = startWorker(dial, 60_000);
    await runUntil(worker.clock, 20_000, () => worker.events.length > 0);
    expect(worker.clock.now()).toBe(14_000);
    expect(worker.events).toEqual([{ event: 'retry', reason: 'silent for 14 s', delayMs: 150 }]);
  });

  test('ends with an error, without a retry, if it cannot compute the model', async () => {
    const clock = createSimulatedClock();
    const heard: WorkerMessage[] = [];
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      const link = openFirst({
        onFrame: (frame) => heard.push(decodeWorkerFrame(frame).message),
        onClose() {},
      });
      const { input } = config.model;
      const layers = [
        { type: 'max-pool', size: 9 } as const,
        { type: 'dense', outputs: 3 } as const,
      ];
      const unfit = { ...config, model: { input, layers } };
      link.send(encodeFrame({ type: 'welcome', rank: 0, identity: '', config: unfit }));
      return openSecond;
    };
    const worker = startWorker(dial, 60_000);
    await runUntil(clock, 1_000);
    expect(String(worker.outcome())).toContain(
      'layer 1 (max-pool): a window of 9 × 9 does not fit',
    );
    expect(heard.at(-1)).toMatchObject({ type: 'error', code: 'MODEL' });
    expect(worker.delays).toEqual([]);
  });

  test.for([
    [
      'a share without its parameters',
      { type: 'share', kind: 'train', step: 0, lo: 0, hi: 1 },
      'with parameters of step none',
    ],
    ['a second welcome', { type: 'welcome', rank: 1, identity: '', config }, 'second welcome'],
  ] as const)('answers %s with an error and closes', async ([, message, reason]) => {
    const clock = createSimulatedClock();
    const heard: WorkerMessage[] = [];
    const dial = async () => {
      const { openFirst, openSecond } = connection(clock);
      const link = openFirst({
        onFrame: (frame) => heard.push(decodeWorkerFrame(frame).message),
        onClose() {},
      });
      link.send(encodeFrame({ type: 'welcome', rank: 0, identity: '', config }));
      link.send(encodeFrame(message));
      return openSecond;
    };
    startWorker(dial, 0);
    await runUntil(clock, 1_000);
    expect(heard.at(-1)).toMatchObject({ type: 'error', message: expect.stringContaining(reason) });
  });
});
