import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createNoticeLines,
  createNoticeLog,
} from '../../../../coordinator/reporting/notice-log.ts';

const late = (message: string) => ({ event: 'notice', code: 'late', message }) as const;
const audit = (message: string) => ({ event: 'notice', code: 'audit', message }) as const;
const unready = (message: string) => ({ event: 'notice', code: 'unready', message }) as const;
const refused = (message: string) => ({ event: 'notice', code: 'refused', message }) as const;

function useFakeDate(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2024, 1, 29, 12, 30) });
  onTestFinished(() => void vi.useRealTimers());
}

describe('the log of notices', () => {
  test('keeps notices with their time, and no other events', () => {
    useFakeDate();
    const log = createNoticeLog();
    log.observe({ event: 'checkpoint', step: 1, file: 'a' });
    log.observe(audit('b'));
    expect(log.newest()).toEqual([
      { time: '2024-02-29T12:30:00.000Z', code: 'audit', message: 'b', count: 1 },
    ]);
  });

  test('counts notices that differ in numbers only, and keeps the newest message', () => {
    useFakeDate();
    const log = createNoticeLog();
    log.observe(audit('rank 3 expelled'));
    for (let step = 1; step <= 2761; step++) {
      vi.setSystemTime(Date.now() + 1000);
      log.observe(late(`rank 1 late with step ${step}`));
    }
    expect(log.newest()).toMatchObject([
      { code: 'audit', message: 'rank 3 expelled', count: 1 },
      { code: 'late', message: 'rank 1 late with step 2761', count: 2761 },
    ]);
  });

  test('keeps the newest ten of each kind, in the order of their time', () => {
    useFakeDate();
    const log = createNoticeLog();
    log.observe(audit('first'));
    for (const letter of 'abcdefghijklm') {
      vi.setSystemTime(Date.now() + 1000);
      log.observe(refused(letter));
    }
    log.observe(refused('d'));
    const messages = log.newest().map(({ message }) => message);
    expect(messages).toEqual(['first', ...'efghijklmd']);
  });
});

describe('the lines of notices', () => {
  test('are one every five seconds for each kind that may come often, with a count', () => {
    let now = 0;
    const line = createNoticeLines(() => now);
    expect([late('a'), late('b'), unready('c'), unready('d')].map(line)).toEqual([
      'a',
      undefined,
      'c',
      undefined,
    ]);
    now = 4_999;
    expect(line(late('e'))).toBeUndefined();
    now = 5_000;
    expect(line(late('f'))).toBe('f (and 2 more like it before)');
    now = 10_000;
    expect(line(late('g'))).toBe('g');
  });

  test('are all there for the other kinds', () => {
    const line = createNoticeLines(() => 0);
    expect([audit('a'), audit('b'), audit('b')].map(line)).toEqual(['a', 'b', 'b']);
  });
});
