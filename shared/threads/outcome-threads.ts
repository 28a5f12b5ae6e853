import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ExampleSet } from '../data/dataset.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';
import type { SharedEngine, SharedParts } from '../engine/threads/shared-engine.ts';
import { MODULE_ENDING } from '../host/module-ending.ts';
import { OUTCOME_ROWS, type RowOutcomes } from '../round/row-outcomes.ts';
import type { RunConfig } from '../round/run-config.ts';

const THREAD = new URL(`outcome-thread${MODULE_ENDING}`, import.meta.url);

/** What a thread computes: see `computeOutcomes`. */
export interface OutcomeJob {
  readonly parts: SharedParts;
  readonly config: RunConfig;
  readonly plan: ModelPlan;
  /** Byte address and number of the parameters. */
  readonly parameters: { readonly address: number; readonly length: number };
  readonly set: ExampleSet;
  readonly isFlipped: boolean;
}

/**
 * Does the same as `computeOutcomes`, in threads: each has a part of the set, and the outcomes of
 * the parts come back in order. Rejects with `signal.reason` when aborted.
 */
export async function computeOutcomesInThreads(
  { shared: { module, memory, numerics, tile } }: SharedEngine,
  config: RunConfig,
  plan: ModelPlan,
  { byteOffset: address, length }: Float32Array,
  set: ExampleSet,
  isFlipped: boolean,
  threadCount: number,
  signal: AbortSignal,
): Promise<RowOutcomes[]> {
  const common = {
    parts: { module, memory, numerics, tile },
    config,
    plan,
    parameters: { address, length },
    isFlipped,
  };
  const threads = divideSet(set, threadCount).map((part) => {
    const workerData: OutcomeJob = { ...common, set: part };
    return new Worker(THREAD, { workerData });
  });
  try {
    const heard = threads.map(async (thread) => (await once(thread, 'message', { signal }))[0]);
    return await Promise.all(heard);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

/** At most `count` parts of a set, in order, about equally long. */
export function divideSet(set: ExampleSet, count: number): ExampleSet[] {
  const rows = OUTCOME_ROWS * Math.ceil(set.count / OUTCOME_ROWS / count);
  const inputs = set.inputs.length / set.count;
  return Array.from({ length: Math.ceil(set.count / rows) }, (_, index) => {
    const [from, to] = [index * rows, Math.min((index + 1) * rows, set.count)];
    return {
      count: to - from,
      // Copies: a message to a thread would have all of the memory that a view is a part of.
      inputs: set.inputs.slice(from * inputs, to * inputs),
      labels: set.labels.slice(from, to),
    };
  });
}
