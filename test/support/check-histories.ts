import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { dataset, RUNS } from './histories.ts';
import { runHistory } from './run-history.ts';
import type { HistoryCounters } from './simulated-cluster.ts';
import { hashOf, trainLocally } from './toy-run.ts';

/** How many histories there are, over all files; CI asks for more. */
const HISTORY_COUNT = Number(process.env.LOCKSTEP_HISTORIES ?? 2_000);
/** The seed of the only one that is wanted. */
const WANTED = process.env.LOCKSTEP_HISTORY;
const BLOCK_LENGTH = 250;

/** Runs the histories whose seed is `remainder` modulo `divisor`: files have a part each, and run side by side. */
export function checkHistories(remainder: number, divisor: number): void {
  const all = Array.from({ length: HISTORY_COUNT }, (_, seed) => seed);
  const seeds = (WANTED === undefined ? all : [Number(WANTED)]).filter(
    (seed) => seed % divisor === remainder,
  );
  const blocks = Array.from({ length: Math.ceil(seeds.length / BLOCK_LENGTH) }, (_, block) =>
    seeds.slice(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH),
  );

  test('rounding depends on the order of addition, in every run that histories disturb', async () => {
    for (const { config, epochs } of RUNS) {
      const { microBatchCount } = config;
      const [own, other] = await Promise.all(
        [microBatchCount, microBatchCount - 1].map(async (count) =>
          hashOf((await trainLocally({ ...config, microBatchCount: count }, dataset, epochs)).server),
        ),
      );
      expect(other).not.toBe(own);
    }
  });

  describe('whatever befalls the cluster, the run ends with the undisturbed bits', () => {
    const total: Partial<HistoryCounters> = {};

    test.for(blocks.map((block) => ({ first: block[0], last: block[block.length - 1], block })))(
      'histories $first to $last',
      async ({ block }) => {
        for (const seed of block) {
          await setImmediate(); // a history does not let the event loop turn
          try {
            addTo(total, await runHistory(seed));
          } catch (error) {
            expect.soft(error, `run it alone with LOCKSTEP_HISTORY=${seed}`).toBeUndefined();
          }
        }
      },
    );

    test.runIf(blocks.length > 1)('and faults of every kind really happened, many times', () => {
      const { refusedWorkers, ...faults } = total;
      // The rarest, a worker that owes a share for minutes, befalls some in a thousand.
      const least = Math.floor(seeds.length / 2000);
      for (const [name, count] of Object.entries(faults)) expect(count, name).toBeGreaterThan(least);
    });
  });
}

function addTo(total: Partial<HistoryCounters>, counters: HistoryCounters): void {
  for (const [name, count] of Object.entries(counters)) {
    const key = name as keyof HistoryCounters;
    total[key] = (total[key] ?? 0) + count;
  }
}
