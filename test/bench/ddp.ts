/**
 * Compares training with two workers on this machine with PyTorch, which trains in two ways:
 *
 * - DistributedDataParallel over gloo, with two processes of one thread each
 * - one process with two threads
 *
 * All contestants train the same nets with the same batches and optimizer (momentum). They take
 * turns. Figures are medians over the rounds, in examples/s. Lockstep's workers are threads in the
 * coordinator's process, as `train` does it. With separate processes, the coordinator is a third
 * process on the same cores.
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

console.log(
  `${place}; Node ${process.versions.node}; medians of ${rounds} turns of ${flags.seconds} s`,
);
for (const [model, batch] of CASES) {
  const own = [contestantFile('lockstep-train.ts'), model, batch, flags.seconds];
  const ours = (name: string, ...args: string[]) => ({
    name,
    command: [process.execPath, ...own, ...args],
  });
  /** Whole steps in one process, without a cluster. */
  const alone = (name: string, threads: string) => ({
    name,
    command: [
      process.execPath,
      contestantFile('lockstep.ts'),
      ...['training', model, batch, '16', threads, flags.seconds],
    ],
  });
  const pinned = ({ name, command }: Contestant) => ({
    name,
    command: ['taskset', '-c', '0', ...command],
  });
  const torch = (name: string, processes: string, threads: string) => ({
    name,
    command: [
      PYTHON,
      contestantFile('torch-ddp.py'),
      model,
      batch,
      flags.seconds,
      processes,
      threads,
    ],
  });
  const results = takeTurns(
    [
      torch('DDP', '2', '1'),
      torch('PyTorch, two threads', '1', '2'),
      alone('no worker, 2 threads', '2'),
      alone('no worker, 1 thread', '1'),
      ours('2 workers', '--workers', '2'),
      ours('2 workers, separate processes', '--workers', '2', '--separate-processes'),
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
    const figure = `${name}: ${examplesPerSecond.toFixed(0)}`.padEnd(40);
    console.log(`  ${[figure, ...comparison].join('   ').trimEnd()}`);
  }
}
