import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import { STATE_NAMES } from '../../../../../shared/engine/optimizers.ts';
import { placesOfSteps } from '../../../../training/branch.ts';
import type { SavedState } from '../../../../training/parameter-server.ts';
import type { OpenStudy, StudyAccess } from '../access.ts';

export const STEPS = 50;
/** Trained between two pictures. */
const STEPS_AT_ONCE = 2;
/** The inputs of all examples of the steps: with large batches, there are fewer steps. */
const INPUTS_MAX = 2 ** 26;
/** So many indices fit into an address. */
const INDICES_MAX = 900;
/** The inputs of one answer. */
const ANSWER_MAX = 2 ** 21;

/** Two futures of a run: its own, and with another learning rate. */
export interface Futures {
  readonly factor: number;
  /** The step that both begin at. */
  readonly step: number;
  readonly stepCount: number;
  /** The losses so far, step by step. A branch that has diverged ends with no number. */
  readonly own: readonly number[];
  readonly other: readonly number[];
}

/** Trains two branches of the run side by side, in the thread of the page's engine. */
export class Branches {
  readonly #studies: StudyAccess;
  readonly #onChange: () => void;
  #futures: Futures | undefined;
  #problem: string | undefined;
  #isRunning = false;
  #lastId = 0;

  constructor(studies: StudyAccess, onChange: () => void) {
    this.#studies = studies;
    this.#onChange = onChange;
  }

  get futures(): Futures | undefined {
    return this.#futures;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Trains from a kept step on, or from the newest one. Resolves when it is over. */
  async train(factor: number, from: number | undefined): Promise<void> {
    const { opened } = this.#studies;
    if (!opened || this.#isRunning) return;
    this.#isRunning = true;
    this.#problem = undefined;
    this.#onChange();
    try {
      await this.#trainBoth(opened, factor, from);
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.#isRunning = false;
    this.#onChange();
  }

  async #trainBoth(opened: OpenStudy, factor: number, from: number | undefined): Promise<void> {
    const start = stateIn(opened, await this.#studies.fetchState(from));
    const { step } = start;
    const stepCount = stepsThatFit(opened);
    const places = placesOfSteps(opened.config, opened.counts, step, stepCount);
    const examples = await this.#fetchExamples(opened, places);
    const ids = [++this.#lastId, ++this.#lastId];
    for (const [i, id] of ids.entries()) {
      const { counts } = opened;
      const branch = { id, ids, factor: i === 0 ? 1 : factor, counts, places, examples };
      await this.#studies.perform('branch', { ...branch, ...start });
    }
    const losses: number[][] = [[], []];
    const isOver = (own: number[]) => own.length >= stepCount || !own.every(Number.isFinite);
    while (!losses.every(isOver)) {
      const going = ids.filter((_, i) => !isOver(losses[i]));
      const steps = Math.min(
        STEPS_AT_ONCE,
        ...losses.filter((own) => !isOver(own)).map((own) => stepCount - own.length),
      );
      const found = await this.#studies.perform('advance', { ids: going, steps });
      for (const [i, id] of going.entries()) losses[ids.indexOf(id)].push(...found[i]);
      this.#futures = { factor, step, stepCount, own: [...losses[0]], other: [...losses[1]] };
      this.#onChange();
    }
  }

  /** Gets only the examples that the steps are trained with, in several answers. */
  async #fetchExamples({ plan, kind }: OpenStudy, places: Uint32Array): Promise<ExampleSet> {
    const { inputCount } = plan;
    const size = Math.max(1, Math.min(INDICES_MAX, Math.floor(ANSWER_MAX / inputCount)));
    const labels = new Float32Array(places.length);
    const values = kind === 'features' ? Float32Array : Uint8Array;
    const inputs = new values(places.length * inputCount);
    for (let at = 0; at < places.length; at += size) {
      const indices = places.subarray(at, at + size).join();
      const part = await this.#studies.fetchExamples('training', `indices=${indices}`);
      labels.set(part.labels, at);
      inputs.set(part.inputs, at * inputCount);
    }
    return { count: places.length, labels, inputs };
  }
}

/** Fewer than {@link STEPS} if a global batch is large. */
const stepsThatFit = ({ config, plan }: OpenStudy): number =>
  Math.max(1, Math.min(STEPS, Math.floor(INPUTS_MAX / (config.globalBatch * plan.inputCount))));

/** The parameters, and then the tensors of the optimizer, as the coordinator sends them. */
function stateIn(
  { config, plan }: OpenStudy,
  { step, values }: { step: number; values: Float32Array },
): SavedState {
  const { parameterCount, trainedCount } = plan;
  const tensors = STATE_NAMES[config.optimizer.name].map((name, i) => {
    const from = parameterCount + i * trainedCount;
    return [name, values.slice(from, from + trainedCount)] as const;
  });
  return {
    step,
    parameters: values.slice(0, parameterCount),
    optimizerState: Object.fromEntries(tensors),
  };
}
