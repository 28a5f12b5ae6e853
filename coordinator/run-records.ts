import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '../shared/atomic-file.ts';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import { describeIssue } from '../shared/validation.ts';
import { StepRecord } from './ledger.ts';

/** Keeps the lines before `step`; one that a crash cut short goes too. */
export async function dropRecordsFrom(path: string, step: number): Promise<void> {
  const content = await readFile(path, 'utf8').catch(() => '');
  const kept = content.split('\n').filter((line) => stepOf(line) < step);
  await writeFileAtomically(path, kept.map((line) => `${line}\n`).join(''));
}

/** All lines of `metrics.jsonl`, but for a last one that a crash cut short. Throws a `VERIFY` error that names the line. */
export async function readRecords(path: string): Promise<StepRecord[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new LockstepError('FILE', `cannot read ${path}: ${reasonOf(error)}.`);
  });
  const lines = content.split('\n').slice(0, -1);
  return lines.map((line, index) => parseRecord(line, `${path}, line ${index + 1}`));
}

function parseRecord(line: string, place: string): StepRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new LockstepError('VERIFY', `${place}: ${reasonOf(error)}.`);
  }
  const result = StepRecord.safeParse(value);
  if (result.success) return result.data;
  throw new LockstepError(
    'VERIFY',
    `${place} is no record of a step: ${describeIssue(result.error, value)}.`,
  );
}

/** NaN for a line that is not whole. */
function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as StepRecord).step;
  } catch {
    return Number.NaN;
  }
}
