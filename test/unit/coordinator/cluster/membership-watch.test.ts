import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  createShortageCheck,
  MembershipWatch,
} from '../../../../coordinator/cluster/membership-watch.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

/** A wait for `size` to reach `wanted`, and what happened to it. */
function waitFor(watch: MembershipWatch, wanted: number, members: { size: number }) {
  const stop = new AbortController();
  const log: string[] = [];
  let fail = (_error: unknown) => {};
  const promise = watch.until<string>(stop.signal, (resolve, reject) => {
    fail = reject;
    return {
      check() {
        log.push(`check ${members.size}`);
        if (members.size >= wanted) resolve(`${members.size} are there`);
      },
      cancel: () => log.push('cancel'),
    };
  });
  return { stop, log, promise, fail: (error: unknown) => fail(error) };
}

describe('a wait for a membership', () => {
  test('checks at once and after every change, until it is over', async () => {
    const watch = new MembershipWatch();
    const members = { size: 0 };
    const { log, promise, stop } = waitFor(watch, 2, members);
    for (members.size = 1; members.size <= 2; members.size++) watch.changed();
    expect(await promise).toBe('2 are there');
    watch.changed();
    expect(log).toEqual(['check 0', 'check 1', 'check 2', 'cancel']);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test('ends at once where nothing is left to wait for', async () => {
    const { log, promise } = waitFor(new MembershipWatch(), 0, { size: 0 });
    expect(await promise).toBe('0 are there');
    expect(log).toEqual(['check 0', 'cancel']);
  });

  test('rejects with the reason of its signal, and checks no more', async () => {
    const watch = new MembershipWatch();
    const { log, promise, stop } = waitFor(watch, 1, { size: 0 });
    stop.abort('stopped');
    await expect(promise).rejects.toBe('stopped');
    watch.changed();
    expect(log).toEqual(['check 0', 'cancel']);
  });

  test('does not begin when it is aborted before', async () => {
    const begin = () => expect.unreachable('it began');
    const wait = new MembershipWatch().until(AbortSignal.abort('stopped before'), begin);
    await expect(wait).rejects.toBe('stopped before');
  });

  test('rejects as it is told, and checks no more', async () => {
    const watch = new MembershipWatch();
    const { log, promise, fail, stop } = waitFor(watch, 1, { size: 0 });
    fail('no more');
    await expect(promise).rejects.toBe('no more');
    watch.changed();
    expect(log).toEqual(['check 0', 'cancel']);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test('goes on when another one ends', async () => {
    const watch = new MembershipWatch();
    const members = { size: 0 };
    const [first, second] = [1, 2].map((wanted) => waitFor(watch, wanted, members));
    members.size = 1;
    watch.changed();
    await first.promise;
    members.size = 2;
    watch.changed();
    expect(await second.promise).toBe('2 are there');
  });
});

/** A run of `size` workers that is watched for a shortage of workers. */
function shortRun(timeoutMs?: number, needed = 1) {
  const clock = createSimulatedClock();
  const members = { size: 0 };
  const log: string[] = [];
  const failures: Error[] = [];
  const { check, cancel } = createShortageCheck(
    {
      clock,
      worldSize: () => members.size,
      needed,
      onShort: () => log.push('short'),
      onStillShort: (ms) => log.push(`still ${ms}`),
      timeoutMs,
    },
    (error) => failures.push(error),
  );
  async function becomeAt(time: number, size: number): Promise<void> {
    clock.setTimer(time - clock.now(), () => {});
    await clock.run(() => false, time);
    members.size = size;
    check();
  }
  return { clock, log, failures, becomeAt, cancel };
}

describe('a check that throws', () => {
  test('rejects the wait and is not called again', async () => {
    const watch = new MembershipWatch();
    let checkCount = 0;
    let isCanceled = false;
    const check = () => {
      checkCount++;
      throw new Error('broken');
    };
    const cancel = () => {
      isCanceled = true;
    };
    const wait = watch.until(new AbortController().signal, () => ({ check, cancel }));
    await expect(wait).rejects.toThrow('broken');
    watch.changed();
    expect([checkCount, isCanceled]).toEqual([1, true]);
  });
});

describe('a shortage of workers', () => {
  test('is told once each time it begins', async () => {
    const { log, becomeAt } = shortRun();
    for (const [time, size] of [0, 0, 1, 2, 1, 0, 0].entries()) await becomeAt(time, size);
    expect(log).toEqual(['short', 'short']);
  });

  test('fails after the time that is allowed, and quotes it', async () => {
    const { failures, clock, becomeAt } = shortRun(90_000);
    await becomeAt(0, 0);
    await becomeAt(50_000, 0);
    await clock.run(() => false, 89_999);
    expect(failures).toEqual([]);
    await clock.run(() => false, 1_000_000);
    expect(failures).toEqual([
      expect.objectContaining({ code: 'WORKERS', message: expect.stringMatching(/\b90 s/) }),
    ]);
  });

  test('is told again after 10, 20, 40 and 80 s, until there are enough', async () => {
    const { log, becomeAt } = shortRun(undefined, 3);
    await becomeAt(0, 0);
    await becomeAt(15_000, 2);
    await becomeAt(100_000, 3);
    await becomeAt(1_000_000, 3);
    expect(log).toEqual(['short', ...[10_000, 20_000, 40_000, 80_000].map((ms) => `still ${ms}`)]);
  });

  test('fails also when some workers have come, but too few', async () => {
    const { failures, becomeAt } = shortRun(5_000, 3);
    await becomeAt(0, 0);
    await becomeAt(4_000, 2);
    await becomeAt(6_000, 2);
    expect(failures).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^only 2 of 3 workers for 5 s/) }),
    ]);
  });

  test('begins anew when a worker was there in between', async () => {
    const { failures, clock, becomeAt } = shortRun(1000);
    await becomeAt(0, 0);
    await becomeAt(900, 1);
    await becomeAt(950, 0);
    await clock.run(() => false, 1949);
    expect(failures).toEqual([]);
    await clock.run(() => false, 1950);
    expect(failures).toHaveLength(1);
  });

  test.for([
    ['while there is a worker', 1000, 1],
    ['where no time is set', undefined, 0],
  ] as const)('never fails %s', async ([, timeoutMs, size]) => {
    const { failures, clock, becomeAt } = shortRun(timeoutMs);
    await becomeAt(0, size);
    await clock.run(() => false, 1e9);
    expect(failures).toEqual([]);
  });

  test('never fails once nobody waits', async () => {
    const { failures, clock, becomeAt, cancel } = shortRun(1000);
    await becomeAt(0, 0);
    cancel?.();
    await clock.run(() => false, 1_000_000);
    expect(failures).toEqual([]);
  });
});
