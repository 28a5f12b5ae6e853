import { describe, expect, test } from 'vitest';
import {
  CLOSE_CODES,
  type CloseReason,
  describeCloseReason,
  ERROR_CODES,
} from '../../../../coordinator/connection/close-reason.ts';

describe('a close reason', () => {
  test.for<[CloseReason, closeCode: number, errorCode: string | undefined, text: RegExp]>([
    [{ why: 'finished' }, 1000, undefined, /^finished$/],
    [{ why: 'drained' }, 1000, undefined, /^drained$/],
    [{ why: 'stopping' }, 1001, undefined, /stops/],
    [{ why: 'failed', message: 'diverged' }, 4003, 'FAILED', /^diverged$/],
    [{ why: 'protocol', message: 'bad frame' }, 4000, 'PROTOCOL', /^bad frame$/],
    [{ why: 'refused', message: 'no token' }, 4001, 'REFUSED', /^no token$/],
    [{ why: 'full' }, 1013, undefined, /1024 workers/],
    [{ why: 'timeout', message: '14 s' }, 4002, 'TIMEOUT', /^14 s$/],
    [{ why: 'cut' }, 1006, undefined, /^its connection was cut/],
    [{ why: 'worker-error', message: 'E' }, 1000, undefined, /^E$/],
  ])('%o has a close code, an error code and a text', ([reason, closeCode, errorCode, text]) => {
    expect(CLOSE_CODES[reason.why]).toBe(closeCode);
    expect(ERROR_CODES[reason.why]).toBe(errorCode);
    expect(describeCloseReason(reason)).toMatch(text);
  });
});
