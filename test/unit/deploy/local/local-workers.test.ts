import { describe, expect, test } from 'vitest';
import { ControlError } from '../../../../coordinator/control/control-error.ts';
import { keepWorkers, type WorkerEnd } from '../../../../deploy/local/local-workers.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

/** Workers that do nothing until the test ends them. */
function keep(count: number) {
  const clock = createSimulatedClock();
  const log: string[] = [];
  const notices: string[] = [];
  const failures: string[] = [];
  const ends = new Map<string, (end: WorkerEnd) => void>();
  let startCount = 0;
  const workers = keepWorkers({
    count,
    clock,
    onRestart: (message) => notices.push(message),
    onFailure: ({ message }) => failures.push(message),
    start(name, index) {
      const { promise, resolve } = Promise.withResolvers<WorkerEnd>();
      const identity = `identity ${startCount++}`;
      log.push(`start ${name}`);
      ends.set(name, resolve);
      return {
        kind: 'process',
        pid: 100 + index,
        identity,
        ended: promise,
        kill() {
          log.push(`kill ${name}`);
          resolve({ how: 'SIGKILL', isFailure: false });
        },
        stall: (milliseconds) => void log.push(`stall ${name} ${milliseconds}`),
        leave() {
          log.push(`leave ${name}`);
          resolve({ how: 'exit code 0', isFailure: true });
        },
        stop: async () => void log.push(`stop ${name}`),
      };
    },
  });
  const end = (name: string, isFailure: boolean) =>
    ends.get(name)?.({ how: `exit code ${isFailure ? 1 : 0}`, isFailure });
  /** Lets so much time pass, and all promises settle. */
  const pass = (milliseconds: number) => {
    const until = clock.now() + milliseconds;
    clock.setTimer(milliseconds, () => {});
    return clock.run(() => false, until);
  };
  const names = () => workers.running().map(({ pid = 0 }) => pid - 100);
  return { workers, log, notices, failures, end, pass, names };
}

describe('a worker that ends', () => {
  test('is started again after a moment, with a new identity and a notice', async () => {
    const { workers, log, notices, end, pass, names } = keep(2);
    expect(workers.find('identity 1')).toBe(workers.running()[1]);
    end('local-1', false);
    await pass(99);
    expect(names()).toEqual([0]);
    expect(workers.count).toBe(2);
    await pass(1);
    expect(names()).toEqual([0, 1]);
    expect(log).toEqual(['start local-0', 'start local-1', 'start local-1']);
    expect(notices).toEqual(['worker local-1 ended (exit code 0); starting it again']);
    expect(workers.find('identity 1')).toBeUndefined();
    expect(workers.find('identity 2')).toBe(workers.running()[1]);
  });

  test('five times in a row shortly after its start ends the run', async () => {
    const { end, pass, notices, failures } = keep(1);
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      end('local-0', true);
      const before = notices.length;
      await pass(0);
      expect(notices).toHaveLength(before + 1);
      waits.push(200 * 2 ** i);
      await pass(waits[i]);
    }
    expect(failures).toEqual([]);
    end('local-0', true);
    await pass(0);
    expect(failures).toEqual([
      'worker local-0 ended 5 times in a row, each time within 5 s of its start (exit code 1).',
    ]);
    expect(notices).toHaveLength(4);
  });

  test('after five seconds is no worker that cannot run', async () => {
    const { end, pass, failures } = keep(1);
    for (let i = 0; i < 9; i++) {
      await pass(5_000);
      end('local-0', true);
      await pass(100);
    }
    expect(failures).toEqual([]);
  });

  test.for(['kill', 'leave', 'expectEnd'] as const)(
    'because somebody asked for it (%s) is no worker that cannot run',
    async (how) => {
      const { workers, end, pass, failures, names } = keep(1);
      for (let i = 0; i < 9; i++) {
        const [worker] = workers.running();
        if (how === 'leave') worker.leave(false);
        else worker[how]();
        end('local-0', true);
        await pass(100);
        expect(names()).toEqual([0]);
      }
      expect(failures).toEqual([]);
    },
  );

  test('and was asked to leave for good is not started again', async () => {
    const { workers, pass, names, notices } = keep(2);
    const [first] = workers.running();
    expect(first.isKept).toBe(true);
    first.leave(true);
    expect(first.isKept).toBe(false);
    await pass(10_000);
    expect(names()).toEqual([1]);
    expect(workers.count).toBe(1);
    expect(notices).toEqual([]);
  });
});

describe('a worker that is started later', () => {
  test('has the first name that is free, and is started again', async () => {
    const { workers, end, pass, names } = keep(2);
    expect(workers.start()).toBe('local-2');
    workers.running()[0].leave(true);
    end('local-1', false);
    await pass(0);
    // The second one waits to be started again.
    expect(workers.start()).toBe('local-0');
    expect(workers.start()).toBe('local-3');
    await pass(100);
    expect(names()).toEqual([2, 0, 3, 1]);
    end('local-3', false);
    await pass(100);
    expect(names()).toEqual([2, 0, 1, 3]);
    expect(workers.count).toBe(4);
  });

  test('as an extra one is not started again, and there are as many as workers', async () => {
    const { workers, end, pass, names } = keep(2);
    expect([1, 2, 3].map(() => workers.startExtra())).toEqual([true, true, false]);
    expect(names()).toEqual([0, 1, 2, 3]);
    expect(workers.running().map(({ isKept }) => isKept)).toEqual([true, true, false, false]);
    end('local-2', false);
    await pass(10_000);
    expect(names()).toEqual([0, 1, 3]);
    expect(workers.startExtra()).toBe(true);
    expect(names()).toEqual([0, 1, 3, 2]);
  });

  test('does not take the place of an extra one', () => {
    const { workers, names } = keep(1);
    workers.start();
    expect(workers.startExtra()).toBe(true);
    expect(names()).toEqual([0, 1, 2]);
  });
});

test('a stall passes on to the worker', () => {
  const { workers, log } = keep(1);
  workers.running()[0].stall(250);
  expect(log.at(-1)).toBe('stall local-0 250');
});

describe('at the end of the run', () => {
  test.for(['stop', 'kill'] as const)('by %s nothing is started anymore', async (how) => {
    const { workers, log, end, pass, notices } = keep(3);
    end('local-2', false);
    await pass(0);
    await workers[how]();
    expect(log.slice(3)).toEqual([`${how} local-0`, `${how} local-1`]);
    end('local-0', true);
    await pass(10_000);
    expect(log).toHaveLength(5);
    expect(notices).toHaveLength(1);
    expect(workers.startExtra()).toBe(false);
    expect(() => workers.start()).toThrow(
      new ControlError(409, 'the run ends: no worker is started anymore'),
    );
  });
});
