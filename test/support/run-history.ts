import { isDeepStrictEqual } from 'node:util';
import { dataset, historyOf, RUNS, runOf } from './histories.ts';
import { type History, type HistoryCounters, simulate } from './simulated-cluster.ts';
import type { RunResult } from './simulated-coordinator.ts';
import { hashOf, trainLocally } from './toy-run.ts';

/** What each run ends with when it is computed in one process, by the plain kernels. */
const undisturbed = new Map(
  RUNS.map((run) => [
    run,
    trainLocally(run.config, dataset, run.epochs).then(
      ({ server, progress }): RunResult => ({ hash: hashOf(server), progress }),
    ),
  ]),
);

/** Runs the history of a seed. Throws if anything is wrong with it, and says what. */
export async function runHistory(seed: number): Promise<HistoryCounters> {
  const expected = await undisturbed.get(runOf(seed));
  const history = historyOf(seed);
  const { run, simulatedMs, counters } = await simulate(history);
  const after = `after ${Math.round(simulatedMs)} simulated ms`;
  if (!run) throw new Error(`not at its end ${after}`);
  if (!isDeepStrictEqual(run, expected))
    throw new Error(`${after} ${JSON.stringify(run)} instead of ${JSON.stringify(expected)}`);
  for (const reason of unexplained(counters, history))
    throw new Error(`${reason}: ${JSON.stringify(counters)}`);
  return counters;
}

/** What happened though nothing did that leads to it. */
function* unexplained(counters: HistoryCounters, { liars }: History): Generator<string> {
  const { protocolErrors, duplicateAnswers, staleAnswers, refusedWorkers, lateShares, wrongSums } = counters;
  const tampered = counters.lostFrames + counters.duplicatedFrames;
  if (protocolErrors > 0 && tampered === 0) yield 'a protocol error though every frame arrived, once';
  if (duplicateAnswers > 0 && tampered + lateShares === 0)
    yield 'a duplicate answer though no share was late';
  if (staleAnswers > 0 && lateShares === 0) yield 'a stale answer though no share was late';
  if (refusedWorkers > 0 && wrongSums === 0) yield 'a refused worker though nobody lied';
  if (wrongSums > 0 && liars === 0) yield 'a wrong sum though nobody lied';
}
