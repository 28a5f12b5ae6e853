import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import { isRegression } from '../../../../shared/data/target.ts';
import type { StudyAnswer, StudySet } from '../../../study/study-answer.ts';

/** Asks for examples of a set by their indices. */
export type AskExamples = (set: StudySet, indices: readonly number[]) => Promise<ExampleSet>;

/** So many are kept, the newest. */
const KEPT_MAX = 400;
/** So many are asked for at once, so that their indices fit into an address. */
const ASKED_MAX = 100;

/** Single examples, which are asked for when somebody looks at them. */
export class Pictures {
  readonly #ask: AskExamples;
  readonly #onChange: (problem?: string) => void;
  readonly #kept = new Map<string, ExampleSet>();
  readonly #wanted = new Map<string, readonly [StudySet, number]>();
  #isAsking = false;

  /** `onChange` is called when examples have arrived, or with the reason why they have not. */
  constructor(ask: AskExamples, onChange: (problem?: string) => void) {
    this.#ask = ask;
    this.#onChange = onChange;
  }

  /** One example. Undefined until it is here. */
  find(set: StudySet, index: number): ExampleSet | undefined {
    const key = `${set} ${index}`;
    const found = this.#kept.get(key);
    if (!found) {
      this.#wanted.set(key, [set, index]);
      void this.#askAll();
    }
    return found;
  }

  /** Asks for what is wanted, all of one set together. */
  async #askAll(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    // Whoever draws the page wants several at once.
    await Promise.resolve();
    const all = [...this.#wanted.values()];
    const set = all[0][0];
    const indices = all.flatMap(([name, index]) => (name === set ? [index] : []));
    const asked = indices.slice(0, ASKED_MAX);
    for (const index of asked) this.#wanted.delete(`${set} ${index}`);
    let problem: string | undefined;
    try {
      this.#keep(set, asked, await this.#ask(set, asked));
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#isAsking = false;
    this.#onChange(problem);
    if (problem === undefined && this.#wanted.size > 0) void this.#askAll();
  }

  #keep(set: StudySet, indices: readonly number[], { count, labels, inputs }: ExampleSet): void {
    const size = inputs.length / count;
    for (const [i, index] of indices.entries())
      this.#kept.set(`${set} ${index}`, {
        count: 1,
        labels: labels.slice(i, i + 1),
        inputs: inputs.slice(i * size, (i + 1) * size),
      });
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(key);
    }
  }
}

/** Reads the answer to `GET /api/examples`, whose examples have so many inputs. */
export function examplesIn(
  answer: ArrayBuffer,
  inputCount: number,
  { kind, config }: Pick<StudyAnswer, 'kind' | 'config'>,
): ExampleSet {
  const isFeatures = kind === 'features';
  const count = answer.byteLength / (8 + inputCount * (isFeatures ? 4 : 1));
  const isNumber = isRegression(config.dataset);
  const words = new (isNumber ? Float32Array : Uint32Array)(answer, 0, 2 * count);
  return {
    count,
    labels: Float32Array.from({ length: count }, (_, i) => words[2 * i]),
    inputs: new (isFeatures ? Float32Array : Uint8Array)(answer, 8 * count),
  };
}
