import { describe, expect, test } from 'vitest';
import type { ControlRequest } from '../../../../coordinator/control/control-request.ts';
import type {
  ChaosChange,
  MemberControls,
  OwnWorker,
  OwnWorkers,
} from '../../../../coordinator/control/controlled.ts';
import {
  createRunControl,
  NO_CHAOS,
  OWN_WORKERS_MAX,
  type RunControlOptions,
} from '../../../../coordinator/control/run-control.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { runUntil } from '../../../support/simulation/simulated-pool.ts';

const nothing = () => {};
const MEMBER = { name: 'x', cut: nothing, hold: nothing, dismiss: nothing, corrupt: nothing };

/** A run with a process (rank 0), threads (rank 1) and a worker from elsewhere (rank 4). */
function startRun(options: Partial<RunControlOptions> = {}, ownCount = 2) {
  const done: string[] = [];
  const notices: string[] = [];
  const clock = createSimulatedClock();
  const note =
    (what: string) =>
    (...args: readonly unknown[]) =>
      void done.push([what, ...args].join(' '));
  const member = (rank: number, name: string): MemberControls => ({
    rank,
    name,
    identity: `identity of ${name}`,
    cut: note(`cut ${name}`),
    hold: note(`hold ${name}`),
    dismiss: note(`dismiss ${name}`),
    corrupt: note(`corrupt ${name}`),
  });
  const own = (name: string, kind: OwnWorker['kind'], isKept: boolean): OwnWorker => ({
    kind,
    isKept,
    kill: note(`kill ${name}`),
    stall: note(`stall ${name}`),
    leave: note(`leave ${name}`),
    expectEnd: note(`expect ${name}`),
  });
  let rates = NO_CHAOS;
  const workers: OwnWorkers = {
    find(identity) {
      if (identity === 'identity of local-0') return own('local-0', 'process', true);
      if (identity === 'identity of local-1') return own('local-1', 'threads', false);
      return undefined;
    },
    count: ownCount,
    start: () => 'local-9',
    chaos: {
      get rates() {
        return rates;
      },
      setRates(change: ChaosChange) {
        rates = { ...rates, ...(change as Partial<typeof rates>) };
      },
    },
  };
  const control = createRunControl({
    stop: note('stop'),
    members: () => [member(0, 'local-0'), member(1, 'local-1'), member(4, 'far')],
    startsWorkers: true,
    ownWorkers: () => workers,
    auditFraction: 0,
    report: (message) => notices.push(message),
    clock,
    ...options,
  });
  return { ...control, clock, done, notices };
}

describe('an order', () => {
  test.for<[ControlRequest, string[], string]>([
    [{ action: 'stop' }, ['stop'], 'The run is stopped in order, with a checkpoint.'],
    [
      { action: 'kill', rank: 0 },
      ['kill local-0'],
      'Killed rank 0 (local-0). It is started again in a moment.',
    ],
    [
      { action: 'kill', rank: 1 },
      ['kill local-1'],
      'Killed rank 1 (local-1). It is not started again.',
    ],
    [{ action: 'kill', rank: 4 }, ['cut far'], 'Cut the connection of rank 4 (far). Nobody here'],
    [
      { action: 'stall', rank: 0, milliseconds: 5000 },
      ['stall local-0 5000'],
      'Suspended rank 0 (local-0) for 5 s.',
    ],
    [
      { action: 'stall', rank: 1, milliseconds: 250 },
      ['stall local-1 250'],
      'Held back the answers of rank 1 (local-1) for 250 ms. It shares',
    ],
    [
      { action: 'stall', rank: 4, milliseconds: 1500 },
      ['hold far 1500'],
      'Held back the answers of rank 4 (far) for 1.5 s. Nobody here can suspend its process',
    ],
    [
      { action: 'leave', rank: 0 },
      ['leave local-0 true'],
      'Asked rank 0 (local-0) to leave. It finishes its share and is not started again.',
    ],
    [
      { action: 'leave', rank: 4 },
      ['dismiss far'],
      'Asked rank 4 (far) to leave. It finishes its share and ends.',
    ],
    [{ action: 'start' }, [], 'Started worker local-9.'],
  ])('%j does %j and says so', ([request, expected, message]) => {
    const { perform, done, notices } = startRun();
    expect(perform(request)).toContain(message);
    expect(done).toEqual(expected);
    expect(notices).toEqual([expect.stringMatching(/^[a-z].*[^.], asked for on the dashboard$/)]);
  });

  test('for a rank that nobody has is refused with the ranks that are here', () => {
    const { perform, notices } = startRun();
    expect(() => perform({ action: 'kill', rank: 2 })).toThrow(
      expect.objectContaining({
        status: 404,
        message: 'no worker has rank 2: here are 0, 1, 4',
      }),
    );
    const empty = startRun({ members: () => [] });
    expect(() => empty.perform({ action: 'leave', rank: 0 })).toThrow(/rank 0: here are none/);
    expect(notices).toEqual([]);
  });

  test.for<[string, Partial<RunControlOptions>, ControlRequest, RegExp]>([
    ['a run that none can stop', { stop: undefined }, { action: 'stop' }, /send it SIGTERM/],
    [
      'a run that starts no workers',
      { startsWorkers: false, ownWorkers: () => undefined },
      { action: 'start' },
      /starts no workers: start one with "lockstep worker"/,
    ],
    [
      'a run without workers of its own',
      { startsWorkers: false, ownWorkers: () => undefined },
      { action: 'chaos', kill: 1 },
      /starts no workers/,
    ],
    [
      'a run that has not started any yet',
      { ownWorkers: () => undefined },
      { action: 'start' },
      /no worker was started yet/,
    ],
  ])('that is impossible is refused with the reason: %s', ([, options, request, expected]) => {
    const { perform, done, notices } = startRun(options);
    expect(() => perform(request)).toThrow(expect.objectContaining({ status: 409 }));
    expect(() => perform(request)).toThrow(expected);
    expect([...done, ...notices]).toEqual([]);
  });

  test('to start one more worker than there may be is refused', () => {
    const { perform } = startRun({}, OWN_WORKERS_MAX);
    expect(() => perform({ action: 'start' })).toThrow(
      /^64 workers were started here, and 64 is the most/,
    );
    expect(startRun({}, OWN_WORKERS_MAX - 1).perform({ action: 'start' })).toMatch(/^Started/);
  });
});

describe('a flipped bit', () => {
  test.for([
    [0, /^this run checks no sum, so .*: start it with --audit 1$/],
    [0.1, /^this run checks 10 % of all sums, so .* --audit 1$/],
    [0.999, /--audit 1$/],
  ] as const)('is refused in a run that audits %d of all sums', ([auditFraction, expected]) => {
    const { perform, done } = startRun({ auditFraction });
    expect(() => perform({ action: 'corrupt', rank: 0 })).toThrow(
      expect.objectContaining({ status: 409, message: expect.stringMatching(expected) }),
    );
    expect(done).toEqual([]);
  });

  test('is expected of a worker that is started again, where all sums are audited', () => {
    const { perform, done } = startRun({ auditFraction: 1 });
    expect(perform({ action: 'corrupt', rank: 0 })).toMatch(/remove the worker, which is then/);
    expect(perform({ action: 'corrupt', rank: 4 })).toMatch(/which may not come back\.$/);
    expect(done).toEqual(['expect local-0', 'corrupt local-0', 'corrupt far']);
  });
});

test('chaos changes the rates that are given, and says all of them', () => {
  const { perform, view, notices } = startRun();
  expect(perform({ action: 'chaos', kill: 0.5, stallMs: 2000 })).toBe(
    'Set the chaos to kill 0.5/s, stall 0/s for 2 s, leave 0/s, join 0/s.',
  );
  perform({ action: 'chaos', stall: 2 });
  expect(view(true).chaos).toEqual({ kill: 0.5, stall: 2, leave: 0, join: 0, stallMs: 2000 });
  expect(perform({ action: 'chaos', kill: 0, stall: 0 })).toBe('Ended the chaos.');
  expect(notices.at(-1)).toBe('ended the chaos, asked for on the dashboard');
});

describe('the view', () => {
  const common = ['kill', 'stall', 'leave'];
  test.for<[string, Partial<RunControlOptions>, object]>([
    ['train', {}, { actions: ['stop', ...common, 'start', 'chaos'], chaos: NO_CHAOS }],
    [
      'train before its workers',
      { ownWorkers: () => undefined },
      { actions: ['stop', ...common, 'start', 'chaos'], chaos: NO_CHAOS },
    ],
    ['an audited run', { auditFraction: 1 }, { actions: expect.arrayContaining(['corrupt']) }],
    [
      'a coordinator',
      { startsWorkers: false, ownWorkers: () => undefined },
      { actions: ['stop', ...common], chaos: null },
    ],
    ['a run that none can stop', { stop: undefined }, { actions: [...common, 'start', 'chaos'] }],
  ])('of %s has what it offers', ([, options, expected]) => {
    const { view } = startRun(options);
    expect(view(false)).toMatchObject({ may: false, ...expected });
    expect(view(true).may).toBe(true);
  });
});

describe('the end of a stall', () => {
  const stall = (rank: number, milliseconds: number) => ({
    ...({ action: 'stall', rank, milliseconds } as const),
  });

  test('is reported, of the newest stall of a worker alone', async () => {
    const { perform, clock, notices } = startRun();
    perform(stall(0, 2000));
    perform(stall(0, 500));
    perform(stall(4, 1000));
    notices.length = 0;
    await runUntil(clock, 5000);
    expect(notices).toEqual([
      'rank 0 (local-0) goes on after 500 ms',
      'rank 4 (far) goes on after 1 s',
    ]);
  });

  test('is not reported of a worker that is gone, nor when the run is over', async () => {
    let members = [{ ...MEMBER, rank: 0, identity: 'first' }];
    const { perform, clock, notices, close } = startRun({ members: () => members });
    perform(stall(0, 500));
    members = [{ ...MEMBER, rank: 0, identity: 'second' }];
    await runUntil(clock, 1000);
    perform(stall(0, 500));
    close();
    await runUntil(clock, 2000);
    expect(notices.filter((notice) => notice.includes('goes on'))).toEqual([]);
  });
});
