import { describe, expect, test } from 'vitest';
import { createStragglerDeadline } from '../../../../coordinator/scheduling/straggler-deadline.ts';

describe('the straggler deadline', () => {
  /** A deadline after one share per ratio of actual to expected time, and as many rounds. */
  function deadlineAfter(ratios: number[], roundMs = 1000) {
    const deadline = createStragglerDeadline();
    for (const ratio of ratios) deadline.recordShare(1000, 1000 * ratio);
    for (const _ of ratios) deadline.recordRound('train', roundMs);
    return {
      deadlineMs: (expectedMs?: number) => deadline.deadlineMs('train', expectedMs),
      deadline,
    };
  }

  const steady = new Array<number>(20).fill(1);

  test('is 30 s until enough shares are measured', () => {
    expect(deadlineAfter([]).deadlineMs(1000)).toBe(30_000);
    expect(deadlineAfter([1, 1, 1]).deadlineMs(1000)).toBe(30_000);
    expect(deadlineAfter(steady).deadline.deadlineMs('test', 1000)).toBe(30_000);
  });

  test('is the expected time plus eight times the median deviation', () => {
    const ratios = [0.9, 1.1, 0.9, 1.1, 0.9, 1.1, 1, 1, 1];
    // The upper median of |ratio - 1| is 0.1.
    expect(deadlineAfter(ratios).deadlineMs(1000)).toBeCloseTo(1000 * (1 + 8 * 0.1));
    expect(deadlineAfter(ratios).deadlineMs(1500)).toBeCloseTo(1500 * (1 + 8 * 0.1));
  });

  test('leaves half as much again where all shares take the same time', () => {
    expect(deadlineAfter(steady).deadlineMs(1000)).toBe(1500);
    const slower = new Array<number>(20).fill(1.2);
    expect(deadlineAfter(slower).deadlineMs(1000)).toBeCloseTo(1000 * 1.2 * 1.5);
  });

  test('is not moved by a few stragglers', () => {
    const ratios = [0.9, 1, 1.1, 0.9, 1, 1.1, 0.9, 1, 1.1, 1];
    expect(deadlineAfter([...ratios, 50, 80]).deadlineMs(1000)).toBeLessThan(2000);
  });

  test('is at most 3.5 usual rounds, even if the shares vary a lot', () => {
    const wild = [0.1, 1, 5, 0.2, 3, 1, 8, 0.5, 2];
    expect(deadlineAfter(wild, 100).deadlineMs(90)).toBe(350);
  });

  test('of a first share leaves time to compile, in proportion to a round', () => {
    expect(deadlineAfter(steady, 100).deadlineMs()).toBe(2_000);
    expect(deadlineAfter(steady, 10).deadlineMs()).toBe(1_000);
  });

  test('stays between 20 ms and 30 s', () => {
    expect(deadlineAfter(steady, 5).deadlineMs(1)).toBe(20);
    expect(deadlineAfter(steady, 1e9).deadlineMs(1e9)).toBe(30_000);
  });
});
