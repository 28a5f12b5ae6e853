import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Contribution } from './gradient-source.ts';

/** [lo, hi, worker]: who gave the sum over these micro-batches; null is the coordinator's own process. */
const Work = z.tuple([z.int().nonnegative(), z.int().positive(), z.string().nullable()]);

/** One step, a line of `metrics.jsonl`: how it went, who computed it, and what it led to. */
export const StepRecord = z.strictObject({
  /** The step, from 0: its parameters were those after so many updates. */
  step: z.int().nonnegative(),
  /** The epoch that it belongs to, from 1. */
  epoch: z.int().positive(),
  /** Mean loss and share of correct predictions over the global batch, before the update. */
  loss: z.number(),
  accuracy: z.number(),
  learningRate: z.number(),
  examples: z.int().positive(),
  milliseconds: z.number(),
  worldSize: z.int().nonnegative(),
  /** The sums that were added up; together they are each micro-batch once. */
  work: z.array(Work),
  /** Sums that were computed beside these: by a second worker, late, or wrong. Absent if there were none. */
  copies: z.array(Work).optional(),
  /** Of the parameters after the update. */
  fingerprint: z.string(),
  /** Links the fingerprints of all steps so far; two runs with the same chain had the same parameters all along. */
  chain: z.string(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** Where a chain begins, before the first step. */
export const CHAIN_START = '';

/** SHA-256 over the chain so far and the next fingerprint, in hexadecimal. */
export function nextLink(chain: string, fingerprint: string): string {
  return createHash('sha256').update(`${chain} ${fingerprint}`).digest('hex');
}

/** 128 bits of the SHA-256 over a fingerprint's lanes, in hexadecimal. */
export function formatFingerprint(lanes: Uint32Array): string {
  return createHash('sha256').update(lanes).digest('hex').slice(0, 32);
}

/** The columns of a record that say who did what. */
export function workOf(contributions: readonly Contribution[]): Pick<StepRecord, 'work' | 'copies'> {
  const line = ({ worker, node: { lo, hi } }: Contribution): z.infer<typeof Work> => [lo, hi, worker];
  const work = contributions.filter(({ use }) => use === 'summed').map(line);
  const copies = contributions.filter(({ use }) => use !== 'summed').map(line);
  return copies.length === 0 ? { work } : { work, copies };
}
