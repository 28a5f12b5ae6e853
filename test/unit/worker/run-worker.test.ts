import { describe, expect, test } from 'vitest';
import { LockstepError } from '../../../shared/errors.ts';
import { encodeFrame } from '../../../shared/protocol/codec.ts';
import { CLOSE } from '../../../shared/protocol/link.ts';
import type { RunWorkerOptions } from '../../../worker/run-worker.ts';
import {
  admit,
  type Coordinator,
  cut,
  dismiss,
  lose,
  startToyWorker,
  url,
  welcome,
} from '../../support/toy-worker.ts';

const isLeft = { event: 'left', outcome: 'drained' };

describe('a worker', () => {
  test.for(['finished', 'drained'] as const)('ends when its run is %s', async (outcome) => {
    const { run, events, dialedAt } = startToyWorker([dismiss(outcome)]);
    expect(await run()).toBe('left');
    expect(events).toEqual([
      { event: 'joined', url, rank: 2 },
      { event: 'left', outcome },
    ]);
    expect(dialedAt).toEqual([0]);
  });

  test('ends, and does not come back, when its run has failed for good', async () => {
    const fail: Coordinator = (_, link) => link.close(CLOSE.failed, 'training diverged');
    const { run, events, dialedAt } = startToyWorker([fail]);
    expect(await run()).toBe('left');
    expect(events).toEqual([{ event: 'left', outcome: 'failed', reason: 'training diverged' }]);
    expect(dialedAt).toEqual([0]);
  });

  test('does not say that it has joined if its answer to the challenge is refused', async () => {
    const atTheDoor: Coordinator = ({ type }, link) => {
      if (type === 'hello') link.send(welcome);
      if (type === 'ready') link.close(CLOSE.refused, 'other bits');
    };
    const { run, events } = startToyWorker([atTheDoor]);
    expect(await run()).toMatchObject({ code: 'REFUSED' });
    expect(events).toEqual([]);
  });

  test('ends with REFUSED, and does not come back, if it is refused', async () => {
    const { run, dialedAt } = startToyWorker([(_, link) => link.close(CLOSE.refused, 'no token')]);
    const error = await run();
    expect(error).toMatchObject({ code: 'REFUSED' });
    expect(String(error)).toMatch(/ws:\/\/test.*no token/);
    expect(dialedAt).toEqual([0]);
  });

  test('ends with what keeps its machine from computing the run, at once', async () => {
    const error = new LockstepError('MEMORY', 'no room');
    const openEngine = () => {
      throw error;
    };
    const { run, dialedAt } = startToyWorker([admit(() => {})], {}, { openEngine });
    expect(await run()).toBe(error);
    expect(dialedAt).toEqual([0]);
  });
});

describe('a worker without a coordinator', () => {
  test('waits twice as long each time, up to 10 s, at least half of it', async () => {
    const { run, delays, dialedAt } = startToyWorker([], { firstRetryMs: 21_300 });
    await run();
    expect(delays()).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(dialedAt.slice(0, 4)).toEqual([0, 100, 300, 700]);
  });

  test('adds a random part to each wait', async () => {
    const draws = [0.5, 0, 0.25];
    const { run, delays } = startToyWorker([], {
      firstRetryMs: 1_000,
      random: () => draws.shift() ?? 1,
    });
    await run();
    expect(delays().slice(0, 3)).toEqual([150, 200, 500]);
  });

  test.for([
    [0, 0],
    [699, 3],
    [700, 3],
    [701, 4],
  ])(
    'gives up with NETWORK after all of %i ms, and %i retries',
    async ([firstRetryMs, retryCount]) => {
      const { run, clock, events } = startToyWorker([], { firstRetryMs });
      const error = await run();
      expect(error).toMatchObject({ code: 'NETWORK' });
      expect(String(error)).toMatch(/ws:\/\/test.*nobody there/);
      expect(clock.now()).toBe(firstRetryMs);
      expect(events).toHaveLength(retryCount);
      for (const event of events) expect(event).toMatchObject({ reason: 'nobody there' });
    },
  );

  test('has no more time because somebody was there, if it never got ready', async () => {
    const { run, delays } = startToyWorker([cut, cut, cut, cut], { firstRetryMs: 700 });
    const message = 'the coordinator at ws://test was reached, but not for long: connection lost.';
    expect(await run()).toMatchObject({ code: 'NETWORK', message });
    expect(delays()).toEqual([100, 200, 400]);
  });

  test('begins with the shortest wait again, and a new time limit, once it was ready', async () => {
    const missing = [undefined, undefined];
    const { run, delays } = startToyWorker([...missing, lose, ...missing, lose], {
      firstRetryMs: 300,
      retryMs: 700,
    });
    expect(await run()).toMatchObject({ code: 'NETWORK' });
    expect(delays()).toEqual([100, 200, 100, 200, 400, 100, 200, 400]);
  });
});

describe('a worker that is asked to leave', () => {
  test('before it begins does not even dial', async () => {
    const { run, leaving, events, dialedAt } = startToyWorker([lose]);
    leaving.abort();
    expect(await run()).toBe('left');
    expect([events, dialedAt]).toEqual([[isLeft], []]);
  });

  test('while it waits ends at once', async () => {
    const { run, clock, leaveAt, events } = startToyWorker([]);
    leaveAt(950);
    expect(await run()).toBe('left');
    expect(clock.now()).toBe(950);
    expect(events.at(-1)).toEqual(isLeft);
  });

  test('while it dials ends when that fails, without a retry', async () => {
    const dial: RunWorkerOptions['dial'] = (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const { run, leaveAt, events } = startToyWorker([], { dial });
    leaveAt(50);
    expect(await run()).toBe('left');
    expect(events).toEqual([isLeft]);
  });

  test('while it is greeted closes the connection at once', async () => {
    const { run, clock, leaveAt, events } = startToyWorker([() => {}]);
    leaveAt(50);
    expect(await run()).toBe('left');
    expect(clock.now()).toBe(50);
    expect(events).toEqual([isLeft]);
  });

  test.for([
    ['answers', 0],
    ['never answers', 8_000],
  ] as const)('says so, and ends when the coordinator %s', async ([answer, waitedMs]) => {
    const heard: string[] = [];
    const coordinator: Coordinator = (message, link) => {
      heard.push(message.type);
      admit(() => {})(message, link);
      if (message.type === 'leaving' && answer === 'answers')
        link.send(encodeFrame({ type: 'goodbye', reason: 'drained' }));
    };
    const { run, clock, leaveAt, events } = startToyWorker([coordinator]);
    leaveAt(1_000);
    expect(await run()).toBe('left');
    expect(clock.now()).toBe(1_000 + waitedMs);
    expect(heard).toEqual(['hello', 'ready', 'leaving']);
    expect(events.at(-1)).toEqual(isLeft);
  });
});
