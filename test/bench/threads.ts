/**
 * Compares a worker of T threads with T workers of one thread: processes over loopback, and
 * containers where a Docker engine answers. They take turns. Figures are medians over the rounds.
 *
 * The image of the containers is built first, or it is the one that LOCKSTEP_IMAGE names.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { contestantFile, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    threads: { type: 'string', default: '2' },
    /** Models and global batches. */
    cases: { type: 'string', default: 'mlp:128,mlp:512,cnn-small:128' },
  },
});
const { rounds, seconds, threads } = flags;

/** The image of the containers. Undefined without a Docker engine. */
function findImage(): string | undefined {
  const { LOCKSTEP_IMAGE } = process.env;
  if (LOCKSTEP_IMAGE) return LOCKSTEP_IMAGE;
  if (spawnSync('docker', ['version']).status !== 0) return undefined;
  const build = ['build', '--quiet', '--file', 'deploy/Dockerfile', '--tag', 'lockstep', '.'];
  execFileSync('docker', build, { stdio: ['ignore', 'ignore', 'inherit'] });
  return 'lockstep';
}

const image = findImage();
console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of ${seconds} s`);
if (image === undefined) console.log('(no Docker engine answers, so no containers)');
for (const [model, batch] of flags.cases.split(',').map((each) => each.split(':'))) {
  for (const [title, where] of [
    ['processes over loopback', 'processes'],
    ['containers', image],
  ] as const) {
    if (where === undefined) continue;
    const contestant = (name: string, workers: string, threadsEach: string) => ({
      name,
      command: [
        process.execPath,
        contestantFile('one-connection.ts'),
        ...[where, workers, threadsEach, model, batch, seconds],
      ],
    });
    const one = `1 worker, ${threads} threads`;
    const several = `${threads} workers, 1 thread each`;
    const results = takeTurns([contestant(one, '1', threads), contestant(several, threads, '1')], {
      rounds: Number(rounds),
    });
    console.log(`${model}, global batch ${batch}, ${title}`);
    for (const [name, figures] of results) {
      const { examplesPerSecond, coordinatorCpuMsPerStep, coordinatorCores } = figures;
      const lateBy = figures.loopDelayP99Ms;
      console.log(
        [
          `  ${name.padEnd(26)} ${examplesPerSecond.toFixed(0)} examples/s`,
          ratio(examplesPerSecond, results.get(several)?.examplesPerSecond),
          `${figures.megabytesPerStep.toFixed(2)} MB a step`,
          `workers ${figures.workersMegabytes.toFixed(0)} MB PSS`,
          `coordinator ${figures.coordinatorMegabytes.toFixed(0)} MB PSS`,
          `${coordinatorCpuMsPerStep.toFixed(2)} ms CPU a step`,
          `${coordinatorCores.toFixed(2)} CPU s per second`,
          ...(lateBy === undefined ? [] : [`its loop late by ${lateBy.toFixed(1)} ms (p99)`]),
        ].join('   '),
      );
    }
  }
}
