/**
 * Compares a worker of T threads with T workers of one thread, over loopback. They take turns.
 * Figures are medians over the rounds.
 */
import { parseArgs } from 'node:util';
import { contestantFile, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    threads: { type: 'string', default: '2' },
  },
});
const { rounds, seconds, threads } = flags;
const CASES = [
  ['mlp', '128'],
  ['mlp', '1024'],
  ['cnn-small', '128'],
] as const;

console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of ${seconds} s`);
for (const [model, batch] of CASES) {
  const contestant = (name: string, workers: string, threadsEach: string) => ({
    name,
    command: [
      process.execPath,
      contestantFile('one-connection.ts'),
      ...[workers, threadsEach, model, batch, seconds],
    ],
  });
  const one = `1 worker, ${threads} threads`;
  const several = `${threads} workers, 1 thread each`;
  const results = takeTurns([contestant(one, '1', threads), contestant(several, threads, '1')], {
    rounds: Number(rounds),
  });
  console.log(`${model}, global batch ${batch}`);
  for (const [name, figures] of results) {
    const { examplesPerSecond, megabytesPerStep, workersMegabytes } = figures;
    console.log(
      [
        `  ${name.padEnd(26)} ${examplesPerSecond.toFixed(0)} examples/s`,
        ratio(examplesPerSecond, results.get(several)?.examplesPerSecond),
        `${megabytesPerStep.toFixed(2)} MB a step`,
        `workers ${workersMegabytes.toFixed(0)} MB`,
        `coordinator ${figures.coordinatorCpuMsPerStep.toFixed(2)} ms CPU a step`,
        `its loop late by ${figures.loopDelayP99Ms.toFixed(1)} ms (p99)`,
      ].join('   '),
    );
  }
}
