import { type Clock, sleep } from '../../shared/clock.ts';
import type { PartialSumComputer } from '../../shared/round/partial-sum-computer.ts';

/*
 * How a tab takes only a part of a core.
 *
 * After each block of examples it rests for as long as makes the part right. A whole core has no
 * rests and no timers: the tab only lets its messages have a turn. A rest that is too short for a
 * timer is kept for the next block.
 */

/** Shorter rests are collected, in ms: browsers make timers at least so long. */
const REST_MS_MIN = 5;

export interface Pace {
  /** Above 0, at most 1. */
  effort: number;
  /** How long this tab has computed since it was opened, in ms. */
  readonly busyMs: number;
  /** Times a computer, and makes it yield before a share if a rest is due. */
  watch(computer: PartialSumComputer): PartialSumComputer;
  /** Rests if a rest is due, or lets messages have a turn. */
  pause(): Promise<void>;
}

/** `turn` resolves after the messages that wait now. */
export function createPace(clock: Clock, turn: () => Promise<void>): Pace {
  let busyMs = 0;
  let dueMs = 0;
  const pace: Pace = {
    effort: 1,
    get busyMs() {
      return busyMs;
    },
    watch: ({ compute, close }) => ({
      *compute(...share) {
        if (dueMs >= REST_MS_MIN) yield;
        let since = clock.now();
        for (const sum of compute(...share)) {
          const computeMs = clock.now() - since;
          busyMs += computeMs;
          dueMs += computeMs * (1 / pace.effort - 1);
          yield sum;
          since = clock.now();
        }
      },
      ...(close && { close }),
    }),
    async pause() {
      if (pace.effort === 1) dueMs = 0;
      if (dueMs < REST_MS_MIN) return turn();
      const begunAt = clock.now();
      await sleep(clock, dueMs);
      // A timer that was late has rested for some of the next blocks too, but not for all of them.
      dueMs = Math.max(-REST_MS_MIN, dueMs - (clock.now() - begunAt));
    },
  };
  return pace;
}
