import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import * as z from 'zod';
import type { Contribution } from './gradient-source.ts';
import { RegressionErrors } from './quality.ts';

/**
 * [lo, hi, worker]: the worker that gave the sum over these micro-batches; null: the coordinator.
 */
const Work = z.tuple([z.int().nonnegative(), z.int().positive(), z.string().nullable()]);

/** One step, as a line of `metrics.jsonl`. */
export const StepRecord = z.strictObject({
  /** From 0. The step was computed with the parameters after this many updates. */
  step: z.int().nonnegative(),
  /** From 1. */
  epoch: z.int().positive(),
  /** The mean over the global batch, before the update. */
  loss: z.number(),
  /** The part of right predictions over the global batch, before the update; null for numbers. */
  accuracy: z.number().nullable(),
  /** In place of the accuracy, if the target is a number. */
  errors: RegressionErrors.optional(),
  learningRate: z.number(),
  examples: z.int().positive(),
  milliseconds: z.number(),
  worldSize: z.int().nonnegative(),
  /** The sums that were added up. Together they cover each micro-batch once. */
  work: z.array(Work),
  /** The other sums: computed by a second worker, late, or wrong. Absent if there were none. */
  copies: z.array(Work).optional(),
  /** The fingerprint of the parameters after the update. */
  fingerprint: z.string(),
  /**
   * A hash over the fingerprints of all steps so far. Two runs with the same chain had the same
   * parameters after every step.
   */
  chain: z.string(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** The chain before the first step. */
export const CHAIN_START = '';

/** The next value of the chain: SHA-256 over the chain and the next fingerprint, hexadecimal. */
export function nextLink(chain: string, fingerprint: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${chain} ${fingerprint}`)));
}

/** The first 128 bits of the SHA-256 over a fingerprint's lanes, hexadecimal. */
export function formatFingerprint(lanes: Uint32Array): string {
  const bytes = new Uint8Array(lanes.buffer, lanes.byteOffset, lanes.byteLength);
  return bytesToHex(sha256(bytes)).slice(0, 32);
}

/** The columns of a record that tell which worker gave which sum. */
export function workOf(
  contributions: readonly Contribution[],
): Pick<StepRecord, 'work' | 'copies'> {
  const line = ({ worker, node: { lo, hi } }: Contribution): z.infer<typeof Work> => [
    lo,
    hi,
    worker,
  ];
  const work = contributions.filter(({ use }) => use === 'summed').map(line);
  const copies = contributions.filter(({ use }) => use !== 'summed').map(line);
  return copies.length === 0 ? { work } : { work, copies };
}
