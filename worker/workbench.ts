import type { Dataset } from '../shared/data/dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Kernels } from '../shared/engine/kernels.ts';
import { type IncomingVector, isWhole, placeChunk } from '../shared/protocol/chunks.ts';
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
  /** What shares are computed with: the parameters that came last, as soon as they were whole. */
  parameters: Float32Array;
  /** After how many updates; undefined until there are any. */
  parametersStep: number | undefined;
  /** The next ones: they may begin to come before their step. */
  incoming: IncomingVector;
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
  const { parameterCount, narrowParameterCount } = workload;
  return {
    workload,
    computer: createComputer(workload, engine),
    kernels: engine.kernels,
    parameters: engine.allocate(parameterCount),
    parametersStep: undefined,
    incoming: { vector: engine.allocate(parameterCount), narrowLength: narrowParameterCount, received: 0 },
    receivingSince: undefined,
    isComputing: false,
  };
}

/** Takes a chunk of the parameters after `step` updates. Throws a `ProtocolError` if it is not the next one. */
export function receiveParameters(bench: Workbench, step: number, offset: number, payload: Uint8Array): void {
  const { parameters, incoming, kernels } = bench;
  if (offset === 0) incoming.received = 0;
  placeChunk(incoming, offset, payload, kernels.widen);
  if (!isWhole(incoming)) return;
  bench.parameters = incoming.vector;
  bench.parametersStep = step;
  bench.incoming = { ...incoming, vector: parameters, received: 0 };
}
