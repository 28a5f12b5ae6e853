import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRunFolder } from '../../coordinator/run-folder/run-folder.ts';
import type { StepRecord } from '../../coordinator/training/ledger.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { config } from './toy-checkpoint.ts';

export const description = { config, stopRule: { epochs: 3 }, firstStep: 0 };

/** What was said to people. A test that looks empties it first. */
export const said: string[] = [];

export const context = {
  clock: systemClock,
  signal: new AbortController().signal,
  say: (message: string) => void said.push(message),
};

export const create = (out?: string) => createRunFolder(out, description, context);

export const metricsOf = (step: number) => ({ step, loss: 1 }) as StepRecord;

/** The steps in the records of a folder. */
export function stepsIn(directory: string): number[] {
  const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line).step);
}
