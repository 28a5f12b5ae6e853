import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { hashOf, trainLocally } from '../toy-run.ts';
import { dataset, RUNS } from './histories.ts';
import { runHistory } from './run-history.ts';
import type { HistoryCounters } from './simulated-cluster.ts';

/** The number of histories, over all test files. CI asks for more. */
const HISTORY_COUNT = Number(process.env.LOCKSTEP_HISTORIES ?? 2_000);
/** The seed of the only history to run. By default all run. */
const WANTED = process.env.LOCKSTEP_HISTORY;
const BLOCK_LENGTH = 250;

/**
 * Defines tests that run the histories whose seed is `remainder` modulo `divisor`. Each test file
 * has one remainder, and the files run side by side.
 */
export function checkHistories(remainder: number, divisor: number): void {
  const all = Array.from({ length: HISTORY_COUNT }, (_, seed) => seed);
  const seeds = (WANTED === undefined ? all : [Number(WANTED)]).filter(
    (seed) => seed % divisor === remainder,
  );
  const blocks = Array.from({ length: Math.ceil(seeds.length / BLOCK_LENGTH) }, (_, block) =>
    seeds.slice(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH),
  );

  test('the order of addition changes the bits of every run that histories disturb', async () => {
    for (const { config, epochs } of RUNS) {
      const { microBatchCount } = config;
      const [own, other] = await Promise.all(
        [microBatchCount, microBatchCount - 1].map(async (count) =>
          hashOf(
            (await trainLocally({ ...config, microBatchCount: count }, dataset, epochs)).server,
          ),
        ),
      );
      expect(other).not.toBe(own);
    }
  });

  describe('a run with faults ends with the same bits as a run without faults', () => {
    const total: Partial<HistoryCounters> = {};

    test.for(blocks.map((block) => ({ first: block[0], last: block[block.length - 1], block })))(
      'in histories $first to $last',
      async ({ block }) => {
        for (const seed of block) {
          await setImmediate(); // a history itself never lets the event loop turn
          try {
            addTo(total, await runHistory(seed));
          } catch (error) {
            expect.soft(error, `rerun it with LOCKSTEP_HISTORY=${seed}`).toBeUndefined();
          }
        }
      },
    );

    test.runIf(blocks.length > 1)('these histories contain each kind of fault many times', () => {
      const { refusedWorkers, ...faults } = total;
      // The rarest fault, a worker without an answer for minutes, hits a few of 1,000 histories.
      const least = Math.floor(seeds.length / 2000);
      for (const [name, count] of Object.entries(faults))
        expect(count, name).toBeGreaterThan(least);
    });
  });
}

function addTo(total: Partial<HistoryCounters>, counters: HistoryCounters): void {
  for (const [name, count] of Object.entries(counters)) {
    const key = name as keyof HistoryCounters;
    total[key] = (total[key] ?? 0) + count;
  }
}
