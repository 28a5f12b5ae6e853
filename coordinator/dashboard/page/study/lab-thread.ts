import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import fusedUrl from '../../../../shared/engine/assembly/fused.wasm?url';
import strictUrl from '../../../../shared/engine/assembly/strict.wasm?url';
import type { Engine } from '../../../../shared/engine/engine.ts';
import type { Numerics } from '../../../../shared/engine/kernels.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { createNaiveEngine } from '../../../../shared/engine/naive/naive-engine.ts';
import { createSelfTest } from '../../../../shared/engine/self-test/self-test.ts';
import { createWasmEngine } from '../../../../shared/engine/wasm/wasm-engine.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createNetLab } from '../../../../shared/study/net-lab.ts';
import type { StudySet } from '../../../study/study-answer.ts';
import type { FromLab, ToLab } from './lab-messages.ts';
import { type Bench, TASKS } from './lab-tasks.ts';

/*
 * The thread of the page's engine. It computes what a run computes, to the same bits, and nothing
 * that it does makes the page wait.
 */

const TEST_ARENA_BYTES = 2 ** 22;
/** Pages of it that are not used cost nothing. */
const ARENA_BYTES = 2 ** 28;
const MODULES: Readonly<Record<Numerics, string>> = { fused: fusedUrl, strict: strictUrl };

interface OpenBench extends Bench {
  readonly sets: Map<StudySet, ExampleSet>;
}

let opening: Promise<OpenBench> | undefined;

async function open(config: RunConfig): Promise<OpenBench> {
  const fast = await openFastEngine(config.numerics).catch(() => undefined);
  const engine = fast ?? createNaiveEngine(config.numerics);
  const plan = planModel(config.model);
  const lab = createNetLab(engine, plan, config);
  post({ type: 'opened', isPlain: !fast });
  const parameters = new Float32Array(plan.parameterCount);
  return { config, engine, lab, parameters, sets: new Map() };
}

/** Undefined if the fast kernels do not compute the bits of this run here. */
async function openFastEngine(numerics: Numerics): Promise<Engine | undefined> {
  const module = await WebAssembly.compile(await (await fetch(MODULES[numerics])).arrayBuffer());
  const openWith = (bytes: number) => createWasmEngine(module, numerics, '4x8', bytes);
  const difference = createSelfTest(createNaiveEngine(numerics))(openWith(TEST_ARENA_BYTES));
  return difference === undefined ? openWith(ARENA_BYTES) : undefined;
}

async function handle(message: ToLab): Promise<void> {
  if (message.type === 'open') {
    opening = open(message.config);
    await opening;
    return;
  }
  const bench = await opening;
  if (!bench) throw new Error('the engine is not open');
  switch (message.type) {
    case 'examples':
      bench.sets.set(message.name, message.set);
      return;
    case 'parameters':
      bench.parameters.set(message.parameters);
      bench.lab.load(message.parameters);
      return;
    case 'task': {
      const { id, name, argument, parameters = bench.parameters } = message;
      const task = TASKS[name] as (bench: Bench, argument: unknown) => never;
      bench.lab.load(parameters);
      const result = task({ ...bench, parameters }, argument);
      bench.lab.load(bench.parameters);
      post({ type: 'done', id, result });
    }
  }
}

const post = (message: FromLab): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToLab>) => {
  handle(data).catch((error: unknown) => {
    const id = data.type === 'task' ? data.id : null;
    post({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  });
});
