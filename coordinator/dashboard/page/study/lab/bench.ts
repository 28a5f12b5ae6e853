import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { Engine } from '../../../../../shared/engine/engine.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { createNaiveEngine } from '../../../../../shared/engine/naive/naive-engine.ts';
import { createSelfTest } from '../../../../../shared/engine/self-test/self-test.ts';
import { createWasmEngine } from '../../../../../shared/engine/wasm/wasm-engine.ts';
import type { RunConfig } from '../../../../../shared/round/run-config.ts';
import { createNetLab } from '../../../../../shared/study/net-lab.ts';
import type { StudySet } from '../../../../study/study-answer.ts';
import type { FromLab, ToLab } from './lab-messages.ts';
import { type Bench, TASKS } from './lab-tasks.ts';

/*
 * The page's engine, which does what it is told in this order. It computes what a run computes, to
 * the same bits. In the page it has a thread of its own, so that nothing waits for it.
 */

const TEST_ARENA_BYTES = 2 ** 22;
/** Pages of it that are not used cost nothing. */
const ARENA_BYTES = 2 ** 28;

/** So many single examples are kept, the newest. */
const SINGLES_MAX = 100;

interface OpenBench extends Bench {
  readonly sets: Map<StudySet, ExampleSet>;
  readonly singles: Map<string, ExampleSet>;
}

/**
 * Returns what takes messages. `kernelsFor` gets the module of the fast kernels; if they do not
 * compute the bits of the run in this browser, the plain ones do.
 */
export function createBench(
  kernelsFor: (numerics: RunConfig['numerics']) => Promise<BufferSource>,
  post: (message: FromLab) => void,
): (message: ToLab) => void {
  let opening: Promise<OpenBench> | undefined;

  async function open(config: RunConfig): Promise<OpenBench> {
    const { numerics, model } = config;
    const openFast = await findFastEngine(numerics, kernelsFor(numerics)).catch(() => undefined);
    const openEngine = openFast ?? (() => createNaiveEngine(numerics));
    const engine = openEngine();
    const plan = planModel(model);
    const lab = createNetLab(engine, plan, config);
    post({ type: 'opened', isPlain: !openFast });
    const parameters = new Float32Array(plan.parameterCount);
    const empty = { sets: new Map(), singles: new Map(), branches: new Map() };
    return { config, engine, openEngine, lab, parameters, ...empty };
  }

  async function handle(message: ToLab): Promise<void> {
    if (message.type === 'open') opening = open(message.config);
    const bench = await opening;
    if (!bench) throw new Error('the engine is not open');
    if (message.type === 'examples') bench.sets.set(message.name, message.set);
    if (message.type === 'example') keepSingle(bench.singles, message);
    if (message.type === 'parameters') {
      bench.parameters.set(message.parameters);
      bench.lab.load(message.parameters);
    }
    if (message.type !== 'task') return;
    const { id, name, argument, parameters = bench.parameters } = message;
    const task = TASKS[name] as (bench: Bench, argument: unknown) => never;
    bench.lab.load(parameters);
    try {
      post({ type: 'done', id, result: task({ ...bench, parameters }, argument) });
    } finally {
      bench.lab.load(bench.parameters);
    }
  }

  return (message) => {
    handle(message).catch((error: unknown) => {
      const id = message.type === 'task' ? message.id : null;
      post({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    });
  };
}

function keepSingle(
  singles: Map<string, ExampleSet>,
  { name, index, example }: Extract<ToLab, { type: 'example' }>,
): void {
  singles.delete(`${name} ${index}`);
  singles.set(`${name} ${index}`, example);
  for (const old of singles.keys()) {
    if (singles.size <= SINGLES_MAX) break;
    singles.delete(old);
  }
}

/** Undefined if the fast kernels do not compute the bits of this run here. */
async function findFastEngine(
  numerics: RunConfig['numerics'],
  kernels: Promise<BufferSource>,
): Promise<(() => Engine) | undefined> {
  const module = await WebAssembly.compile(await kernels);
  const openWith = (bytes: number) => createWasmEngine(module, numerics, '4x8', bytes);
  const difference = createSelfTest(createNaiveEngine(numerics))(openWith(TEST_ARENA_BYTES));
  return difference === undefined ? () => openWith(ARENA_BYTES) : undefined;
}
