import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MANIFEST_FILE } from '../../shared/data/loading/load-dataset.ts';
import type { Draws } from '../support/simulation/draws.ts';
import { startLockstep } from './lockstep-process.ts';

/*
 * Files that are not what they were, for the commands that read them. A command ends soon, with a
 * result or with one line that says why not, and needs about as much memory as ever.
 */

export interface FileResult {
  readonly caseCount: number;
  /** The largest peak of memory, as a multiple of the same command's with whole files. */
  readonly worstMemory: number;
  /** What a command did that it must not do. */
  readonly failures: readonly string[];
}

type Damage = (file: string, draws: Draws) => void;

const replace = (file: string, make: () => void): void => {
  rmSync(file);
  make();
};

const DAMAGES: Readonly<Record<string, Damage>> = {
  'cut in half': (file) => truncateSync(file, readFileSync(file).length >> 1),
  'cut anywhere': (file, draws) =>
    truncateSync(file, draws.integer(1, readFileSync(file).length - 1)),
  emptied: (file) => truncateSync(file, 0),
  'of garbage': (file, draws) => writeFileSync(file, garbage(readFileSync(file).length, draws)),
  'with garbage before it': (file, draws) =>
    writeFileSync(file, Buffer.concat([garbage(64, draws), readFileSync(file)])),
  'with garbage after it': (file, draws) => appendFileSync(file, garbage(200_000, draws)),
  'with a flipped bit': (file, draws) => {
    const bytes = readFileSync(file);
    bytes[draws.integer(0, bytes.length - 1)] ^= 1 << draws.integer(0, 7);
    writeFileSync(file, bytes);
  },
  removed: (file) => rmSync(file),
  'that is a folder': (file) => replace(file, () => mkdirSync(file)),
  'that never ends': (file) => replace(file, () => symlinkSync('/dev/zero', file)),
  'that is a pipe': (file) => replace(file, () => spawnSync('mkfifo', [file])),
};

function garbage(length: number, draws: Draws): Buffer {
  // Drawn once and repeated: it need not be good.
  const piece = Buffer.from(Array.from({ length: 4096 }, () => draws.integer(0, 255)));
  return Buffer.alloc(length, piece);
}

/** The files that are damaged, in a folder with the run and its dataset. */
const VICTIMS: Readonly<Record<string, (folder: string) => string[]>> = {
  'the images': (folder) => [join(folder, 'data', 'toy-trainImages')],
  'the labels': (folder) => [join(folder, 'data', 'toy-testLabels')],
  'the manifest': (folder) => [join(folder, 'data', MANIFEST_FILE)],
  'the newest checkpoint': (folder) => checkpointsOf(folder).slice(-1),
  'all checkpoints': checkpointsOf,
  'the metrics': (folder) => [join(folder, 'run', 'metrics.jsonl')],
  'the configuration': (folder) => [join(folder, 'run', 'config.json')],
};

function checkpointsOf(folder: string): string[] {
  const checkpoints = join(folder, 'run', 'checkpoints');
  return readdirSync(checkpoints)
    .sort()
    .map((name) => join(checkpoints, name));
}

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  verify: ['verify', 'run', '--steps', '3'],
  evaluate: ['evaluate', 'run'],
  resume: ['train', '--resume', 'run', '--workers', '0', '--json'],
};

const TIMEOUT_MS = 30_000;
const PRELOAD = new URL('report-peak.ts', import.meta.url).href;
/** A multiple of the memory with whole files. */
const MEMORY_MAX = 1.5;

interface Ending {
  readonly code: number | null;
  readonly stderr: string;
  readonly peakMB: number;
  readonly isInTime: boolean;
}

/** Tries `caseCount` combinations of a file, a damage and a command: Infinity for all of them. */
export async function tryHostileFiles(
  source: string,
  scratch: string,
  stepsMax: number,
  draws: Draws,
  caseCount: number,
): Promise<FileResult> {
  const intactMB = new Map<string, number>();
  for (const command of Object.keys(COMMANDS)) {
    const { code, stderr, peakMB } = await runCommand(
      source,
      join(scratch, command),
      command,
      stepsMax,
    );
    if (code !== 0) throw new Error(`${command} of whole files failed: ${stderr}`);
    intactMB.set(command, peakMB);
  }
  const all = Object.keys(VICTIMS).flatMap((victim) =>
    Object.keys(DAMAGES).flatMap((damage) =>
      Object.keys(COMMANDS).map((command) => ({ victim, damage, command })),
    ),
  );
  while (all.length > caseCount) all.splice(draws.integer(0, all.length - 1), 1);
  const failures: string[] = [];
  let worstMemory = 0;
  const total = all.length;
  const tryNext = async (): Promise<void> => {
    for (let next = all.pop(); next; next = all.pop()) {
      const { victim, damage, command } = next;
      const folder = join(scratch, `${total - all.length}`);
      const ending = await runCommand(source, folder, command, stepsMax, (copy) => {
        for (const file of VICTIMS[victim](copy)) DAMAGES[damage](file, draws);
      });
      const memory = ending.peakMB / (intactMB.get(command) ?? 0);
      if (ending.isInTime) worstMemory = Math.max(worstMemory, memory);
      const why = failureOf(ending, memory);
      if (why !== undefined) failures.push(`${command} with ${victim} ${damage}: ${why}`);
    }
  };
  await Promise.all([tryNext(), tryNext()]);
  return { caseCount: total, worstMemory, failures };
}

async function runCommand(
  source: string,
  folder: string,
  command: string,
  stepsMax: number,
  damage: (folder: string) => void = () => {},
): Promise<Ending> {
  cpSync(source, folder, { recursive: true });
  damage(folder);
  const more = command === 'resume' ? ['--steps', String(stepsMax + 3)] : [];
  const args = [...COMMANDS[command], '--data-dir', 'data', ...more];
  const started = startLockstep(args, { folder, preload: PRELOAD });
  let isInTime = true;
  const timer = setTimeout(() => {
    isInTime = false;
    started.child.kill('SIGKILL');
  }, TIMEOUT_MS);
  const { code, stderr } = await started.ended;
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  const [, peak = '0'] = /\npeak ([\d.]+) MB/.exec(stderr) ?? [];
  return { code, stderr, peakMB: Number(peak), isInTime };
}

function failureOf({ code, stderr, isInTime }: Ending, memory: number): string | undefined {
  if (!isInTime) return `it hung for ${TIMEOUT_MS / 1000} s`;
  if (code === null) return 'a signal ended it';
  if (/^ +at /m.test(stderr))
    return `it threw: ${stderr.trim().split('\n').slice(0, 6).join(' | ')}`;
  if (code !== 0 && !stderr.includes('error: ')) return `exit code ${code} without a word`;
  if (memory > MEMORY_MAX) return `it needed ${memory.toFixed(1)} times the memory`;
  return undefined;
}
