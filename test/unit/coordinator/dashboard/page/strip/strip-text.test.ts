import { describe, expect, test } from 'vitest';
import {
  emptyView,
  type RunStatus,
  type WorkerRow,
} from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  crewText,
  messageOf,
  percentOf,
  progressText,
  runText,
  stateWord,
  tabTitle,
} from '../../../../../../coordinator/dashboard/page/strip/strip-text.ts';
import { toyEpoch } from '../../../../../support/toy-curves.ts';
import { toyView, toyWorker } from '../../../../../support/toy-view.ts';

type ConnectionState = Parameters<typeof stateWord>[1];

const LIVE: ConnectionState = { name: 'live' };
const ENDED: ConnectionState = { name: 'ended', isReplaced: false };
const LOST: ConnectionState = { name: 'lost', since: 1000, reason: 'network error' };
const ADDRESS = 'ws://localhost:8080';
/** Lines are broken between their parts only. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const message = (status: Partial<RunStatus>, connection: ConnectionState = LIVE, now = 0) =>
  messageOf(toyView({ status }), connection, now, ADDRESS);
const worker = (rank: number, state: WorkerRow['state']) => toyWorker(rank, { state });
const done: Partial<RunStatus> = {
  state: 'done',
  step: 100,
  secondsLeft: 0,
  end: {
    message: 'done after 100 steps',
    testAccuracy: 0.8765,
    parametersSha256: 'abcdef0123456789',
    totalSeconds: 62,
  },
};

describe('while a run trains', () => {
  const view = toyView({
    status: {
      fingerprint: '0123456789abcdef',
      workers: [worker(0, 'late'), worker(1, 'idle')],
    },
  });

  test('the strip says how far it is, and there is nothing to say beside it', () => {
    expect(stateWord(view, LIVE)).toEqual({ word: 'training', kind: 'busy' });
    const text = 'epoch 1/2 · step 3/100 · 1,000 examples/s now · 9 s left';
    expect(plain(progressText(view, LIVE))).toBe(text);
    expect(plain(runText(view))).toBe(
      'toy · 784-10 · adam 0.002 · recent training loss 0.5000 · fingerprint 0123…cdef',
    );
    expect(crewText(view)).toBe('2 workers, 1 late');
    expect(message({})).toBeUndefined();
    expect(tabTitle(view, LIVE)).toBe('3 % · Lockstep');
  });

  test('a page that hears nothing claims nothing', () => {
    expect(stateWord(view, LOST)).toEqual({ word: 'not answering', kind: 'bad' });
    expect(plain(progressText(view, LOST))).toBe('epoch 1/2 · step 3/100');
    expect(tabTitle(view, LOST)).toBe('not answering · 3 % · Lockstep');
  });

  test('it says for how long, and after a while what to do', () => {
    expect(message({}, LOST, 5_400)).toEqual({
      text: 'The coordinator does not answer. This page tries again.',
      ticking: 'Last heard 4 s ago (network error).',
      command: undefined,
      isWarning: true,
    });
    expect(message({}, LOST, 63_000)).toMatchObject({
      ticking: 'Last heard 1 min 02 s ago (network error). If it was stopped, go on with the run:',
      command: 'npx lockstep train --resume runs/a',
    });
  });
});

describe('a run that waits says for how many workers, and how to start one', () => {
  test.for([
    [{ workersMissing: 1, worldSize: 0 }, 'Waiting for 1 worker. Start one:', true],
    [{ workersMissing: 2, worldSize: 1 }, 'Waiting for 2 more workers. Start one:', true],
    [
      { workersMissing: 2, worldSize: 0, workers: [worker(0, 'preparing')] },
      'Waiting for 2 workers. 1 worker will be ready soon. Start one:',
      true,
    ],
    [
      { workersMissing: 1, worldSize: 0, workers: [worker(0, 'preparing')] },
      'Waiting for 1 worker. 1 worker will be ready soon.',
      false,
    ],
    [{ workersMissing: 0, worldSize: 1 }, 'The run is about to begin.', false],
  ] as const)('%o: %s', ([status, text, hasCommand]) => {
    const command = hasCommand ? 'npx lockstep worker ws://localhost:8080' : undefined;
    expect(message({ state: 'waiting', ...status })).toEqual({ text, ...(command && { command }) });
  });
});

describe('the end', () => {
  test('of a run whose target is a number shows its errors', () => {
    const testErrors = { rmse: 41_770.4, mae: 32_799, r2: 0.95384 };
    const end = { ...done.end, testAccuracy: null, testErrors } as RunStatus['end'];
    expect(plain(runText(toyView({ status: { ...done, end } })))).toContain(
      'test RMSE 41770, R² 0.9538 · SHA-256',
    );
    const { text } = message({ ...done, end }, ENDED) ?? {};
    expect(text).toContain('The test RMSE is 41770, and R² 0.9538.');
  });

  test('of a run that is done shows its result and its hash', () => {
    expect(stateWord(toyView({ status: done }), ENDED)).toEqual({ word: 'done', kind: 'good' });
    expect(plain(progressText(toyView({ status: done }), ENDED))).toBe(
      'epoch 1/2 · step 100/100 · in 1 min 02 s',
    );
    expect(plain(runText(toyView({ status: done })))).toContain('test 87.6 % · SHA-256 abcd…6789');
    const { text, command } = message(done, ENDED) ?? {};
    expect(text).toMatch(/^The run is over. The coordinator is gone: this is the last state/);
    expect(text).toContain('The test accuracy is 87.65 %.');
    expect(command).toBe('abcdef0123456789');
    expect(tabTitle(toyView({ status: done }), ENDED)).toBe('done · Lockstep');
  });

  test('says that another run has its address now', () => {
    const { text } = message(done, { name: 'ended', isReplaced: true }) ?? {};
    expect(text).toMatch(/^The run is over. Another run is at this address now/);
  });

  test('of a run whose target is a number has no accuracy, but its error', () => {
    const end = { ...done.end, testAccuracy: null } as RunStatus['end'];
    expect(message({ ...done, end })?.text).toMatch(/^The run is over. SHA-256 of/);
    const testErrors = { rmse: 17.0512, mae: 13, r2: 0.98 };
    const epochs = [{ ...toyEpoch(1, 0.5, 0.6), testAccuracy: null, testErrors }];
    const view = { ...toyView({ status: { ...done, end } }), epochs };
    expect(plain(runText(view))).toContain('test RMSE 17.05');
  });

  test('of a run that was stopped shows how to go on', () => {
    const result = { testAccuracy: null, parametersSha256: null, totalSeconds: null };
    const end = { ...result, message: 'stopped after 3 steps; the state is saved' };
    expect(message({ state: 'stopped', end })).toEqual({
      text: 'The run is over: stopped after 3 steps; the state is saved. Go on with it:',
      command: 'npx lockstep train --resume runs/a',
    });
    expect(message({ state: 'failed', end: { ...end, message: 'The loss is NaN.' } })).toEqual({
      text: 'The run has failed. The loss is NaN.',
      isWarning: true,
    });
  });
});

test('a page that knows nothing yet says so', () => {
  const view = emptyView();
  expect(stateWord(view, { name: 'connecting' }).word).toBe('connecting');
  expect(stateWord(view, LOST).word).toBe('not answering');
  expect(messageOf(view, { name: 'connecting' }, 0, ADDRESS)?.text).toMatch(/^Connecting/);
  expect(messageOf(view, LOST, 0, ADDRESS)?.text).toMatch(/does not answer/);
  expect(messageOf(view, { name: 'locked', isWrong: true }, 0, ADDRESS)).toBeUndefined();
  expect([progressText(view, LIVE), runText(view), crewText(view)]).toEqual(['', '', '']);
  expect(tabTitle(view, LOST)).toBe('Lockstep');
});

test('a percentage is 100 only when all is done', () => {
  expect([percentOf(999, 1000), percentOf(1000, 1000), percentOf(0, 0)]).toEqual([99, 100, 100]);
});

describe('of a recorded run', () => {
  const recorded = (status: Partial<RunStatus>) => toyView({ facts: { isRecorded: true }, status });
  const messageFor = (status: Partial<RunStatus>) =>
    messageOf(recorded(status), LIVE, 0, ADDRESS) ?? {};

  test('the strip says so', () => {
    expect(plain(runText(recorded({})))).toMatch(/^recorded run · toy/);
    const embedded: ConnectionState = { name: 'embedded' };
    expect(stateWord(recorded(done), embedded)).toEqual({ word: 'done', kind: 'good' });
  });

  test('that was broken off, the strip has the command to go on', () => {
    const end = {
      ...{ testAccuracy: null, parametersSha256: null, totalSeconds: null },
      message: 'broken off after step 7: its coordinator is gone. It begins again',
    };
    expect(messageFor({ state: 'broken off', end })).toEqual({
      text: 'The run was broken off after step 7: its coordinator is gone. It begins again:',
      command: 'npx lockstep train --resume runs/a',
      isWarning: true,
    });
  });

  test('that is being read, the strip says how much is read', () => {
    const part = { text: 'Reading the run:', ticking: '34 %' };
    expect(messageFor({ state: 'reading', readPart: 0.349 })).toEqual(part);
    expect(messageFor({ state: 'training', readPart: 0.349 })).toEqual(part);
  });

  test('that waits for workers, the strip invites none', () => {
    const status = { state: 'waiting', workersMissing: 2, worldSize: 0, workers: [] } as const;
    expect(messageFor(status)).toEqual({ text: 'Waiting for 2 workers.' });
  });
});
