/**
 * The code that `engine.test.ts` runs in the browser. It trains as a worker and a parameter server
 * would, and returns the hash of the parameters.
 */
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { NUMERICS, type Numerics } from '../../shared/engine/kernels.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { createSelfTest } from '../../shared/engine/self-test/self-test.ts';
import { createWasmEngine } from '../../shared/engine/wasm/wasm-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { createVectors } from '../conformance/vectors.ts';

export interface BrowserTask {
  readonly config: RunConfig;
  readonly steps: number;
}

export interface BrowserResult {
  /** The first kernel whose result differs from the plain kernel's, or null. */
  readonly difference: string | null;
  readonly parametersSha256: string;
  /** The files of conformance vectors that are not what this browser computes. */
  readonly differingVectors: readonly string[];
}

type FetchBytes = (path: string) => Promise<Uint8Array>;

/** The conformance vectors of which this browser computes other ones. */
async function compareVectors(fetchBytes: FetchBytes): Promise<string[]> {
  const engines = new Map<Numerics, Engine>();
  for (const numerics of NUMERICS) {
    const module = await compile(numerics, fetchBytes);
    engines.set(numerics, createWasmEngine(module, numerics, '4x8', 2 ** 26));
  }
  const openEngine = (numerics: Numerics) => engines.get(numerics) ?? createNaiveEngine(numerics);
  const differing: string[] = [];
  for (const [name, content] of Object.entries(createVectors(openEngine))) {
    const file = await fetchBytes(`/shared/protocol/conformance/${name}`);
    if (new TextDecoder().decode(file) !== content) differing.push(name);
  }
  return differing;
}

const compile = async (numerics: Numerics, fetchBytes: FetchBytes): Promise<WebAssembly.Module> =>
  new WebAssembly.Module(await fetchBytes(`/shared/engine/assembly/${numerics}.wasm`));

/** Trains for `steps` steps. `fetchBytes` gets a file from the test's server. */
export async function trainInBrowser(
  { config, steps }: BrowserTask,
  fetchBytes: FetchBytes,
  sha256: (bytes: Uint8Array) => Promise<string>,
): Promise<BrowserResult> {
  const roles = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
  const files = await Promise.all(roles.map((role) => fetchBytes(`/data/${role}`)));
  const [trainImages, trainLabels, testImages, testLabels] = files;
  const dataset = createDataset(config.dataset, {
    trainImages,
    trainLabels,
    testImages,
    testLabels,
  });
  const { numerics } = config;
  const module = await compile(numerics, fetchBytes);
  const testArena = 2 ** 22;
  const selfTest = createSelfTest(createNaiveEngine(numerics));
  const difference = selfTest(createWasmEngine(module, numerics, '4x8', testArena));
  const engine = createWasmEngine(module, numerics, '4x8', 2 ** 26);
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload);
  const computer = createPartialSumComputer(engine, config, workload);
  while (server.step < steps) {
    const round = { kind: 'train', step: server.step } as const;
    const everything = { lo: 0, hi: config.microBatchCount };
    for (const sum of computer.compute(round, everything, server.parameters)) {
      if (sum) server.update(sum.vector, workload.exampleCount(round, everything));
    }
  }
  const { parameters } = server;
  const bytes = new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
  return {
    difference: difference ?? null,
    parametersSha256: await sha256(bytes.slice()),
    differingVectors: await compareVectors(fetchBytes),
  };
}
