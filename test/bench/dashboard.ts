/**
 * Measures what it costs a run to be watched: with nobody, with one reader of the stream, with one
 * page in Chromium, and with ten readers and one that never reads. They take turns. Figures are
 * medians over the rounds. The page's own drawing competes for the same cores.
 *
 * With --learning, the page is that of Learning, and a reader asks what this page asks. The
 * difference between the two is what the browser itself takes.
 */
import { parseArgs } from 'node:util';
import { findChromium } from '../support/browser/find-program.ts';
import { contestantFile, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    learning: { type: 'boolean', default: false },
  },
});
const { rounds, seconds } = flags;
const NOBODY = 'nobody watches';
const hasChromium = findChromium() !== undefined;
const CLUSTER = [
  ['one reader of the stream', 'reader'],
  ...(hasChromium ? [['one page in Chromium', 'page'] as const] : []),
  ['ten readers, one never reads', 'crowd'],
] as const;
const LEARNING = [
  ['a reader of what Learning asks', 'learner'],
  ...(hasChromium
    ? ([
        ['Learning in Chromium', 'learning-page'],
        ['the same, hidden', 'hidden-page'],
      ] as const)
    : []),
] as const;
const WATCHERS = [[NOBODY, 'none'], ...(flags.learning ? LEARNING : CLUSTER)] as const;

console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of ${seconds} s`);
if (!hasChromium) console.log('(no page: Chromium is not installed)');
const results = takeTurns(
  WATCHERS.map(([name, watcher]) => ({
    name,
    command: [process.execPath, contestantFile('watched-train.ts'), seconds, watcher],
  })),
  { rounds: Number(rounds) },
);
const nobody = results.get(NOBODY);
console.log('mlp, global batch 128, 2 workers in the coordinator’s process');
for (const [name, { examplesPerSecond, residentMB, p99Ms, maxMs }] of results) {
  console.log(
    [
      `  ${name.padEnd(30)} ${examplesPerSecond.toFixed(0)} examples/s`,
      ratio(examplesPerSecond, nobody?.examplesPerSecond),
      `${residentMB.toFixed(0)} MB`,
      ratio(residentMB, nobody?.residentMB),
      `its loop late by ${p99Ms.toFixed(1)} ms (p99), ${maxMs.toFixed(0)} ms (maximum)`,
    ].join('   '),
  );
}
