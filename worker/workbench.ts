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
