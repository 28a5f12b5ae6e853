import { isDeepStrictEqual } from 'node:util';
import { hashOf, trainLocally } from '../toy-run.ts';
import { dataset, historyOf, RUNS, runOf } from './histories.ts';
import { type History, type HistoryCounters, simulate } from './simulated-cluster.ts';
import type { RunResult } from './simulated-coordinator.ts';

/** The result of each run if one process computes it with the plain kernels. */
const undisturbed = new Map(
  RUNS.map((run) => [
    run,
    trainLocally(run.config, dataset, run.epochs).then(
      ({ server, progress }): RunResult => ({ hash: hashOf(server), progress }),
    ),
  ]),
);

/** Runs the history of a seed. If anything is wrong, throws an error that describes it. */
export async function runHistory(seed: number): Promise<HistoryCounters> {
  const expected = await undisturbed.get(runOf(seed));
  const history = historyOf(seed);
  const { run, simulatedMs, counters } = await simulate(history);
  const after = `after ${Math.round(simulatedMs)} simulated ms`;
  if (!run) throw new Error(`the run has not ended ${after}`);
  if (!isDeepStrictEqual(run, expected))
    throw new Error(
      `the run ended ${after} with ${JSON.stringify(run)} instead of ${JSON.stringify(expected)}`,
    );
  for (const reason of unexplained(counters, history))
    throw new Error(`${reason}: ${JSON.stringify(counters)}`);
  return counters;
}

/** Describes each effect that happened without any of its causes. */
function* unexplained(counters: HistoryCounters, { liars }: History): Generator<string> {
  const { protocolErrors, duplicateAnswers, staleAnswers, refusedWorkers, wrongSums } = counters;
  const tampered = counters.lostFrames + counters.duplicatedFrames;
  const doubled = counters.lateShares + counters.trialShares;
  if (protocolErrors > 0 && tampered === 0)
    yield 'a protocol error, although no frame was lost or duplicated';
  if (duplicateAnswers > 0 && tampered + doubled === 0)
    yield 'a duplicate answer, although no share was computed twice and no frame was tampered with';
  if (staleAnswers > 0 && doubled === 0)
    yield 'a stale answer, although no share was computed twice';
  if (refusedWorkers > 0 && wrongSums === 0) yield 'a refused worker, although no sum was wrong';
  if (wrongSums > 0 && liars === 0) yield 'a wrong sum, although no worker lies';
}
