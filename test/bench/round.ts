/**
 * Measures the cost of a cluster's round without its computing. The coordinator sends 0.94 MB to
 * each of N workers and gets 0.94 MB back from each, all on this machine. The same traffic over
 * plain TCP is the baseline. Contestants take turns. Figures are medians over the rounds.
 */
import { parseArgs } from 'node:util';
import { contestantFile, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(flags.rounds);

console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of 2 s`);
console.log('Rounds/s (ratio to plain TCP; CPU time of the server per round)');
for (const clients of ['2', '4', '8']) {
  const contestant = (name: string, file: string, role: string) => ({
    name,
    command: [process.execPath, contestantFile(file), role, clients],
  });
  const results = takeTurns(
    [
      contestant('plain TCP', 'tcp-round.ts', 'server'),
      contestant('Lockstep links', 'lockstep-round.ts', 'links'),
      contestant('links, sums and update', 'lockstep-round.ts', 'steps'),
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
