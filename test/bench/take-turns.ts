import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * A program that measures itself. The last line that it prints is JSON, which maps the name of each
 * figure to a number.
 */
export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
}

export type Figures = Record<string, number>;

export const contestantFile = (name: string) =>
  fileURLToPath(new URL(`contestants/${name}`, import.meta.url));
/** The Python interpreter. It must have PyTorch if PyTorch is to be measured. */
export const PYTHON = process.env.LOCKSTEP_BENCH_PYTHON ?? 'python3';
export const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;
/** The machine that the contestants run on. */
export const place = `${cpus()[0]?.model}, ${availableParallelism()} cores`;

export interface TurnsOptions {
  readonly rounds: number;
  /** Whether contestants are pinned to the first core, where that is possible. */
  readonly isPinned?: boolean;
  readonly environment?: Record<string, string>;
}

/**
 * Runs the contestants in turns. Returns the medians of each contestant's figures. Leaves out, and
 * reports, a contestant that cannot run on this machine.
 */
export function takeTurns(
  contestants: readonly Contestant[],
  { rounds, isPinned = false, environment }: TurnsOptions,
): Map<string, Figures> {
  const results = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of contestants) {
      if (!results.has(name)) continue;
      const figures = run(
        isPinned && canPin ? ['taskset', '-c', '0', ...command] : command,
        environment,
      );
      if (figures) results.get(name)?.push(figures);
      else if (results.delete(name)) console.log(`(${name} does not run on this machine)`);
    }
  }
  return new Map([...results].map(([name, all]) => [name, medians(all)]));
}

function run([program, ...args]: readonly string[], environment = {}): Figures | undefined {
  const env = { ...process.env, ...environment };
  const { status, stdout } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  return status === 0 ? JSON.parse(stdout.trim().split('\n').at(-1) ?? '') : undefined;
}

function medians(all: readonly Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(all[0] ?? {}).map((key) => {
      const values = all.map((figures) => figures[key]).sort((a, b) => a - b);
      return [key, values[Math.floor(values.length / 2)]];
    }),
  );
}

export const ratio = (ours: number, theirs: number | undefined): string =>
  theirs === undefined ? '' : `${(ours / theirs).toFixed(2)}×`;
