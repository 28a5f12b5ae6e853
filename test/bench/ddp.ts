/**
 * Measures training with two workers on this machine against PyTorch's DistributedDataParallel over gloo with two
 * processes, a thread each, and PyTorch with two threads: the same nets, batches and optimizer (momentum). Contestants
 * take turns; figures are medians over the rounds, in examples/s. The first of our workers is in the coordinator's process,
 * as `train` has it; apart, the coordinator is a third process on the same cores.
 */
import { parseArgs } from 'node:util';
import { type Contestant, contestantFile, PYTHON, place, ratio, takeTurns } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' } },
});
const rounds = Number(flags.rounds);
const CASES = [
  ['mlp', '128'],
  ['mlp', '512'],
  ['mlp', '1024'],
  ['cnn', '128'],
] as const;

console.log(`${place}; Node ${process.versions.node}; medians of ${rounds} turns of ${flags.seconds} s`);
for (const [model, batch] of CASES) {
  const own = [contestantFile('lockstep-train.ts'), model, batch, flags.seconds];
  const ours = (name: string, ...args: string[]) => ({ name, command: [process.execPath, ...own, ...args] });
  const pinned = ({ name, command }: Contestant) => ({ name, command: ['taskset', '-c', '0', ...command] });
  const torch = (name: string, processes: string, threads: string) => ({
    name,
    command: [PYTHON, contestantFile('torch-ddp.py'), model, batch, flags.seconds, processes, threads],
  });
  const results = takeTurns(
    [
      torch('DDP', '2', '1'),
      torch('PyTorch, two threads', '1', '2'),
      ours('2 workers', '--workers', '2'),
      ours('2 workers apart', '--workers', '2', '--apart'),
      ours('2 workers, bf16', '--workers', '2', '--wire', 'bf16'),
      pinned(ours('1 worker, all on one core', '--workers', '1')),
    ],
    { rounds },
  );
  console.log(`${model}, global batch ${batch}`);
  const rate = (name: string) => results.get(name)?.examplesPerSecond;
  for (const [name, { examplesPerSecond }] of results) {
    const isOurs = name.includes('worker');
    const comparison = isOurs
      ? ['DDP', 'PyTorch, two threads', '1 worker, all on one core']
          .filter((other) => other !== name && rate(other) !== undefined)
          .map((other) => `${ratio(examplesPerSecond, rate(other))} ${other}`)
      : [];
    console.log(
      `  ${[`${name}: ${examplesPerSecond.toFixed(0)}`.padEnd(40), ...comparison].join('   ').trimEnd()}`,
    );
  }
}
