import { expect, test } from 'vitest';
import { JOB_NUMBERS } from '../../../../../shared/engine/threads/thread-desk.ts';
import {
  doJob,
  readSums,
  writeCalls,
  writeShare,
} from '../../../../../shared/engine/threads/thread-jobs.ts';

const NAMES = ['addInto', 'setUpdate'];
const unexpected = () => {
  throw new Error('not this job');
};

test('calls arrive as they were written', () => {
  const job = new Float64Array(JOB_NUMBERS);
  const calls = [
    { name: 'setUpdate', args: [128, 0.1] },
    { name: 'addInto', args: [64, 2 ** 32 - 64, 7] },
  ];
  writeCalls(job, calls, NAMES);
  const done: unknown[] = [];
  doJob(job, NAMES, { call: (call) => done.push(call), share: unexpected });
  expect(done).toEqual(calls);
});

test('a share arrives as it was written, and its sums are read', () => {
  const job = new Float64Array(JOB_NUMBERS);
  const parameters = { address: 4096, length: 1000 };
  const share = { kind: 2, step: 7, leaves: { lo: 3, hi: 9 }, parameters, into: [64, 128] };
  writeShare(job, share);
  doJob(job, NAMES, {
    call: unexpected,
    share(given) {
      expect(given).toEqual(share);
      return [640, 1280, 1920];
    },
  });
  expect(readSums(job)).toEqual([640, 1280, 1920]);
});

test('more sums than a job has room for are an error', () => {
  const job = new Float64Array(JOB_NUMBERS);
  const parameters = { address: 0, length: 0 };
  writeShare(job, { kind: 0, step: 0, leaves: { lo: 0, hi: 1 }, parameters, into: [] });
  const share = () => Array<number>(JOB_NUMBERS).fill(0);
  expect(() => doJob(job, NAMES, { call: unexpected, share })).toThrow(RangeError);
});
