/** What the browser does in `engine.test.ts`: trains as a worker and a parameter server would, and tells the hash. */
import { createParameterServer } from '../../coordinator/parameter-server.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import { createNaiveEngine } from '../../shared/engine/engine.ts';
import { createSelfTest } from '../../shared/engine/self-test.ts';
import { createWasmEngine } from '../../shared/engine/wasm-engine.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createShareComputer } from '../../shared/share-computer.ts';
import { createWorkload } from '../../shared/workload.ts';

export interface BrowserTask {
  readonly config: RunConfig;
  readonly steps: number;
}

export interface BrowserResult {
  /** The first kernel that differs from the plain one, or null. */
  readonly difference: string | null;
  readonly parametersSha256: string;
}

/** `fetchBytes` gets a file of the server's. */
export async function trainInBrowser(
  { config, steps }: BrowserTask,
  fetchBytes: (path: string) => Promise<Uint8Array>,
  sha256: (bytes: Uint8Array) => Promise<string>,
): Promise<BrowserResult> {
  const roles = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
  const files = await Promise.all(roles.map((role) => fetchBytes(`/data/${role}`)));
  const [trainImages, trainLabels, testImages, testLabels] = files;
  const dataset = createDataset(config.dataset, { trainImages, trainLabels, testImages, testLabels });
  const { numerics } = config;
  const module = new WebAssembly.Module(await fetchBytes(`/shared/engine/assembly/${numerics}.wasm`));
  const testArena = 2 ** 22;
  const selfTest = createSelfTest(createNaiveEngine(numerics));
  const difference = selfTest(createWasmEngine(module, numerics, '4x8', testArena));
  const engine = createWasmEngine(module, numerics, '4x8', 2 ** 26);
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload);
  const computer = createShareComputer(engine, config, workload);
  while (server.step < steps) {
    const round = { kind: 'train', step: server.step } as const;
    const everything = { lo: 0, hi: config.microBatchCount };
    for (const sum of computer.compute(round, everything, server.parameters)) {
      if (sum) server.update(sum.vector, workload.exampleCount(round, everything));
    }
  }
  const { parameters } = server;
  const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
  return { difference: difference ?? null, parametersSha256: await sha256(bytes.slice()) };
}
