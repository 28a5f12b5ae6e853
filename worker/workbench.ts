import type { Dataset } from '../shared/data/dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Kernels } from '../shared/engine/kernels.ts';
import { placeChunk, travellingPart } from '../shared/protocol/chunks.ts';
import type { RunConfig } from '../shared/run-config.ts';
import { createShareComputer, type ShareComputer } from '../shared/share-computer.ts';
import { createWorkload, type Workload } from '../shared/workload.ts';

/** `engine` has the memory for the sums that it gives. */
export type CreateComputer = (workload: Workload, engine: Engine) => ShareComputer;

/** What a worker computes with, once it has the dataset. */
export interface Workbench {
  readonly workload: Workload;
  readonly computer: ShareComputer;
  readonly kernels: Kernels;
  readonly parameters: Float32Array;
  /** How many of the bytes that were sent last are here. */
  received: number;
  /** Whose parameters they are; undefined until all are here. */
  parametersStep: number | undefined;
  /** When the first of them came, until a share is computed with them. */
  receivingSince: number | undefined;
  isComputing: boolean;
}

/** Throws a `MODEL` error if the model's layers do not fit each other, `MEMORY` if there is no room for it. */
export function createWorkbench(
  config: RunConfig,
  dataset: Dataset,
  engine: Engine,
  createComputer: CreateComputer = (workload) => createShareComputer(engine, config, workload),
): Workbench {
  const workload = createWorkload(config, dataset);
  return {
    workload,
    computer: createComputer(workload, engine),
    kernels: engine.kernels,
    parameters: engine.allocate(workload.parameterCount),
    received: 0,
    parametersStep: undefined,
    receivingSince: undefined,
    isComputing: false,
  };
}

/** Takes a chunk of the parameters after `step` updates. Throws a `ProtocolError` if it is not the next one. */
export function receiveParameters(bench: Workbench, step: number, offset: number, payload: Uint8Array): void {
  const { parameters, workload, kernels } = bench;
  const narrowLength = workload.narrowParameterCount;
  const bytes = travellingPart(parameters, narrowLength);
  if (offset === 0) bench.received = 0;
  bench.received = placeChunk(bytes, bench.received, offset, payload);
  bench.parametersStep = undefined;
  if (bench.received < bytes.length) return;
  if (narrowLength > 0) kernels.widen(parameters.subarray(0, narrowLength));
  bench.parametersStep = step;
}
