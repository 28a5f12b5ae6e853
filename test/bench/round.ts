/**
 * Measures what a round of a cluster costs beside its computing: 0.94 MB to each of N workers, 0.94 MB back from each,
 * all on this machine, against the same over plain TCP. Contestants take turns; figures are medians over the rounds.
 */
import { parseArgs } from 'node:util';
import { contestantFile, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(flags.rounds);

console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of 2 s`);
console.log('Rounds/s (ratio to plain TCP; CPU time of the server a round)');
for (const clients of ['2', '4', '8']) {
  const contestant = (name: string, file: string, role: string) => ({
    name,
    command: [process.execPath, contestantFile(file), role, clients],
  });
  const results = takeTurns(
    [
      contestant('plain TCP', 'tcp-round.ts', 'server'),
      contestant('our links', 'lockstep-round.ts', 'links'),
      contestant('and sums and update', 'lockstep-round.ts', 'steps'),
    ],
    { rounds },
  );
  const tcp = results.get('plain TCP')?.roundsPerSecond;
  const parts = Array.from(results, ([name, { roundsPerSecond, serverCpuMs }]) => {
    const share = ratio(roundsPerSecond, tcp);
    return `${name} ${roundsPerSecond.toFixed(0)} (${share}, ${serverCpuMs.toFixed(2)} ms)`;
  });
  console.log(`  N = ${clients}   ${parts.join('   ')}`);
}
