import { describe, expect, test } from 'vitest';
import { LockstepError } from '../../../shared/errors.ts';
import { type CloseReason, type Closing, closingFor } from '../../../worker/close-reason.ts';

const bug = new TypeError('a bug');
const memory = new LockstepError('MEMORY', 'no room for 7 layers');

describe('the reason', () => {
  test.for<[CloseReason, Omit<Closing, 'text'>]>([
    [{ why: 'finished' }, { code: 1000, end: { outcome: 'finished' } }],
    [{ why: 'drained' }, { code: 1000, end: { outcome: 'drained' } }],
    [{ why: 'leaving' }, { code: 1000, end: { outcome: 'drained' } }],
    [
      { why: 'silent', message: '14 s' },
      { code: 4002, end: { outcome: 'lost', reason: '14 s' } },
    ],
    [
      { why: 'protocol', message: 'bad' },
      {
        code: 4000,
        error: { code: 'PROTOCOL', message: 'bad' },
        end: { outcome: 'lost', reason: 'bad' },
      },
    ],
    [
      { why: 'failed', error: memory },
      {
        code: 4000,
        error: { code: 'MEMORY', message: memory.message },
        end: { outcome: 'failed', error: memory },
      },
    ],
    [
      { why: 'failed', error: bug },
      {
        code: 4000,
        error: { code: 'INTERNAL', message: 'a bug' },
        end: { outcome: 'failed', error: bug },
      },
    ],
  ])('%o decides the close code, the error message and the end', ([reason, expected]) => {
    const { text, ...closing } = closingFor(reason);
    expect(closing).toStrictEqual(expected);
    expect(text).not.toBe('');
  });

  test('of a failure is told to the coordinator with its code', () => {
    const { error, text } = closingFor({ why: 'failed', error: memory });
    expect(error?.code).toBe('MEMORY');
    expect(text).toMatch(/\b7\b/);
  });
});
