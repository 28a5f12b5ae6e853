import type { Dataset } from '../../../shared/data/dataset.ts';
import type { Engine } from '../../../shared/engine/engine.ts';
import type { ThreadTeam } from '../../../shared/engine/threads/thread-team.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';
import {
  createPartialSumComputer,
  type PartialSumComputer,
} from '../../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { createKeeper, createThreadedComputer } from '../../../shared/round/threaded-computer.ts';
import { ROUND_KINDS, type Workload } from '../../../shared/round/workload.ts';

/** How often a thread is asked for its sums before it has them. */
const ASKED_MAX = 3;

/** A computer with so many threads. They all compute in this one, one after the other. */
export function createSimulatedThreads(
  engine: Engine,
  config: RunConfig,
  _dataset: Dataset,
  workload: Workload,
  threadCount: number,
): PartialSumComputer {
  const own = createPartialSumComputer(engine, config, workload);
  if (threadCount === 1) return own;
  const computer = createPartialSumComputer(engine, config, workload);
  const threads = Array.from({ length: threadCount - 1 }, () => ({
    keep: createKeeper(engine, workload),
    sums: [] as number[],
    asked: 0,
  }));
  const team: ThreadTeam = {
    freeCount: () => threadCount,
    run() {
      throw new Error('only shares are simulated');
    },
    begin(index, { kind, step, leaves, parameters: { address, length } }) {
      const thread = threads[index];
      const round = { kind: ROUND_KINDS[kind], step };
      const count = maximalSubtrees(workload.leafCount(round.kind), leaves).length;
      const { buffer } = engine.allocate(0);
      const parameters = new Float32Array(buffer, address, length);
      thread.sums = [];
      thread.asked = 0;
      // Each sum is copied, because the next thread's overwrites it.
      for (const sum of computer.compute(round, leaves, parameters))
        if (sum)
          thread.sums.push(thread.keep(sum, thread.sums.length, count + 1).vector.byteOffset);
    },
    awaitSums(index) {
      const thread = threads[index];
      return ++thread.asked > index % ASKED_MAX ? thread.sums : undefined;
    },
    abandon() {},
  };
  return createThreadedComputer(own, team, engine, workload);
}
