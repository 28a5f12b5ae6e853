import type { Dataset } from '../shared/data/dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Kernels } from '../shared/engine/kernels.ts';
import {
  createPartialSumComputer,
  type PartialSumComputer,
} from '../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../shared/round/run-config.ts';
import { createWorkload, type Workload } from '../shared/round/workload.ts';
import { ParameterInbox } from './parameter-inbox.ts';

/** Creates a computer. The sums that it gives must be in the memory of `engine`. */
export type CreateComputer = (
  engine: Engine,
  config: RunConfig,
  dataset: Dataset,
  workload: Workload,
) => PartialSumComputer;

/** What a worker computes with, once it has the dataset. */
export interface Workbench {
  readonly workload: Workload;
  readonly computer: PartialSumComputer;
  readonly kernels: Kernels;
  readonly parameters: ParameterInbox;
}

/** Throws a `MODEL` error if the layers do not fit, and a `MEMORY` error if there is no room. */
export function createWorkbench(
  config: RunConfig,
  dataset: Dataset,
  engine: Engine,
  createComputer: CreateComputer = (engine, config, _dataset, workload) =>
    createPartialSumComputer(engine, config, workload),
): Workbench {
  const workload = createWorkload(config, dataset);
  const { kernels, allocate } = engine;
  return {
    workload,
    kernels,
    computer: createComputer(engine, config, dataset, workload),
    parameters: new ParameterInbox({
      parameterCount: workload.parameterCount,
      bfloat16Length: workload.bfloat16ParameterCount,
      allocate,
      unpackBfloat16: kernels.unpackBfloat16,
    }),
  };
}

/** A micro-batch of more examples takes so long that it does not matter what is compiled then. */
const WARM_UP_EXAMPLES_MAX = 256;

/**
 * Computes a micro-batch with parameters that are all 0, and drops its sum. A kernel is compiled
 * when it is called first, and that takes as long as ten shares. So this is done before the worker
 * is ready: no round waits for it, and the first share tells how fast the worker is.
 */
export async function warmUp(
  { workload, computer, parameters }: Workbench,
  pause: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const round = { kind: 'train', step: 0 } as const;
  const leaf = { lo: 0, hi: 1 };
  if (workload.exampleCount(round, leaf) > WARM_UP_EXAMPLES_MAX) return;
  for (const sum of computer.compute(round, leaf, parameters.zeros)) {
    if (signal.aborted) return;
    if (!sum) await pause();
  }
}
