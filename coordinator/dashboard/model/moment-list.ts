/*
 * The moments of a run, as JSON, for going back in time.
 *
 * The problem. A run may last for weeks, and has a moment about once a second.
 *
 * The rule. When the moments have become too long, every other one is dropped, and from then on
 * only every second one is kept, or every fourth, and so on. So they stay spread over the whole
 * run. The newest one is always there.
 */

export interface MomentList {
  /** Adds a moment that is later than all others. */
  add(moment: string): void;
  /** Oldest first. */
  all(): string[];
}

/** The length of all moments of a run, in characters. */
export const MOMENTS_LENGTH_MAX = 1.5 * 2 ** 20;

export function createMomentList(lengthMax: number = MOMENTS_LENGTH_MAX): MomentList {
  let kept: string[] = [];
  let newest: string | undefined;
  let length = 0;
  let count = 0;
  /** Every how many moments one is kept. */
  let stride = 1;
  return {
    add(moment) {
      newest = undefined;
      if (count++ % stride !== 0) {
        newest = moment;
        return;
      }
      kept.push(moment);
      length += moment.length;
      while (length > lengthMax && kept.length > 1) {
        if (kept.length % 2 === 0) newest = kept.at(-1);
        kept = kept.filter((_, i) => i % 2 === 0);
        stride *= 2;
        length = kept.reduce((sum, each) => sum + each.length, 0);
      }
    },
    all: () => (newest === undefined ? [...kept] : [...kept, newest]),
  };
}
