import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import { type ModelPlan, planModel } from '../../../../shared/engine/model/model-plan.ts';
import type { StudyAnswer, StudySet } from '../../../study/study-answer.ts';
import { askJson } from '../ask-json.ts';
import type { RunSource } from '../connection/connection.ts';
import type { Ui } from '../ui.ts';
import { type Lab, openLab } from './lab.ts';
import type { Argument, Result, TaskName } from './lab-tasks.ts';

/*
 * What the page has studied of a net.
 *
 *   nothing ──GET /api/study──► open ──GET /api/parameters──► a result for each task that is wanted
 *                                 ▲                                    │
 *                                 └──newer parameters, once a second───┘
 *
 * A panel that is in sight wants the results of tasks. It draws the newest result that there is,
 * which may be of older parameters while the next one is computed. What no panel wants is not
 * computed, and a page that nobody sees asks for nothing.
 */

/** The parameters that the page shows. */
export type Shown =
  /** Newer ones take their place. */
  | { readonly kind: 'newest' }
  /** Those that are here now stay. */
  | { readonly kind: 'held' }
  | { readonly kind: 'kept'; readonly step: number };

/** Everything that follows from the run's configuration. */
export interface OpenStudy extends StudyAnswer {
  readonly plan: ModelPlan;
}

export interface Dated<Value> {
  readonly value: Value;
  /** The step of the parameters that it was computed with. */
  readonly step: number;
}

/** So many examples of a set are loaded, from the first on. */
export const EXAMPLES = 2000;
const ASK_MS = 1000;
/** A run that trains keeps more checkpoints as it goes on. */
const ASK_KEPT_MS = 10_000;
/** Results that nobody has wanted for so many newer ones are forgotten. */
const RESULTS_MAX = 40;

const NO_RIGHT =
  'This page may watch the run, but not see its data and its net: ' +
  'open it with the token of the coordinator.';

interface Entry {
  readonly name: TaskName;
  readonly argument: Argument<TaskName>;
  readonly needs: StudySet | undefined;
  result?: Dated<Result<TaskName>>;
  problem?: string;
  /** The version of the parameters with which it is computed, or was. */
  version: number;
  isUnderWay: boolean;
}

export class Studies {
  readonly #source: RunSource;
  readonly #ui: Ui;
  #opened: OpenStudy | undefined;
  #askedAt = 0;
  #problem: string | undefined;
  #lab: Lab | undefined;
  #shown: Shown = { kind: 'newest' };
  /** What was shown when parameters were taken last. */
  #taken: Shown | undefined;
  #etag: string | undefined;
  #step: number | undefined;
  #parameters: Float32Array | undefined;
  /** Rises with each change of the parameters or the examples. */
  #version = 0;
  readonly #sets = new Map<StudySet, ExampleSet>();
  readonly #loading = new Set<StudySet>();
  readonly #entries = new Map<string, Entry>();

  /** Begins at once. `change` of the user interface is called when there is something new. */
  constructor(source: RunSource, ui: Ui) {
    this.#source = source;
    this.#ui = ui;
    void this.#keepUp();
  }

  /** Undefined while it is not known. */
  get opened(): OpenStudy | undefined {
    return this.#opened;
  }

  /** Why nothing can be shown; undefined if it can, or will soon. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** The step of the parameters that are here. */
  get step(): number | undefined {
    return this.#step;
  }

  /** The parameters that are here [parameterCount]. */
  get parameters(): Float32Array | undefined {
    return this.#parameters;
  }

  /** Whether the run has ended, so that its newest parameters are its last. */
  get isOver(): boolean {
    return this.#source.view.status?.end != null;
  }

  /** Whether the browser lacks what the fast kernels need. */
  get isPlain(): boolean {
    return this.#lab?.isPlain ?? false;
  }

  /** Chooses the parameters to show. */
  show(shown: Shown): void {
    this.#shown = shown;
    this.#changed();
    void this.#refresh();
  }

  /** Keeps the net as it is, for those who compare what it does. */
  hold(): void {
    if (this.#shown.kind === 'newest' && !this.isOver) this.show({ kind: 'held' });
  }

  /** The loaded examples of a set. Undefined until they are here. They are asked for once. */
  examples(name: StudySet): ExampleSet | undefined {
    const set = this.#sets.get(name);
    if (!set && this.#opened && !this.#loading.has(name)) void this.#load(name);
    return set;
  }

  /** The newest result of a task; undefined if there is none yet. */
  result<Name extends TaskName>(
    name: Name,
    argument: Argument<Name>,
  ): Dated<Result<Name>> | undefined {
    return this.#entries.get(keyOf(name, argument))?.result as Dated<Result<Name>> | undefined;
  }

  /** Why a task has no result; undefined if nothing is wrong. */
  problemOf<Name extends TaskName>(name: Name, argument: Argument<Name>): string | undefined {
    return this.#entries.get(keyOf(name, argument))?.problem;
  }

  /**
   * Sees to it that there is a result of a task with the parameters that are here. `needs` names
   * the set whose examples it is computed with.
   */
  want<Name extends TaskName>(name: Name, argument: Argument<Name>, needs?: StudySet): void {
    const key = keyOf(name, argument);
    const entry: Entry = this.#entries.get(key) ?? {
      name,
      argument,
      needs,
      version: -1,
      isUnderWay: false,
    };
    // The newest wish is the last of the map.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const old of this.#entries.keys()) {
      if (this.#entries.size <= RESULTS_MAX) break;
      this.#entries.delete(old);
    }
    this.#compute(entry);
  }

  /** Computes a task with other parameters than those that are shown. */
  async computeWith<Name extends TaskName>(
    parameters: Float32Array,
    name: Name,
    argument: Argument<Name>,
  ): Promise<Result<Name>> {
    if (!this.#lab) throw new Error('the engine is not open yet');
    return this.#lab.perform(name, argument, parameters);
  }

  #compute(entry: Entry): void {
    const { name, argument, needs } = entry;
    const [lab, step] = [this.#lab, this.#step];
    const isHere = needs === undefined || this.examples(needs) !== undefined;
    if (!lab || step === undefined || !isHere) return;
    if (entry.isUnderWay || entry.version === this.#version) return;
    entry.isUnderWay = true;
    entry.version = this.#version;
    lab
      .perform(name, argument)
      .then((value) => {
        entry.result = { value, step };
        delete entry.problem;
      })
      .catch((error: unknown) => {
        entry.problem = reasonOf(error);
      })
      .finally(() => {
        entry.isUnderWay = false;
        this.#changed();
      });
  }

  /** Looks for newer parameters while somebody looks at the page. */
  async #keepUp(): Promise<void> {
    for (;;) {
      if (!document.hidden) await this.#refresh();
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  async #refresh(): Promise<void> {
    try {
      const isOld = performance.now() - this.#askedAt > ASK_KEPT_MS;
      if (!this.#opened || (isOld && !this.isOver)) await this.#open();
      await this.#takeParameters();
      this.#fail(undefined);
    } catch (error) {
      // A checkpoint may be gone, because newer ones have taken its place.
      this.#askedAt = Number.NEGATIVE_INFINITY;
      const reason = reasonOf(error);
      this.#fail(/right to work/.test(reason) ? NO_RIGHT : reason);
    }
  }

  /** Asks what there is to study, and opens the engine for it. */
  async #open(): Promise<void> {
    this.#askedAt = performance.now();
    const answer = await askJson<StudyAnswer>(this.#ui.ask, 'api/study');
    this.#opened = { ...answer, plan: this.#opened?.plan ?? planModel(answer.config.model) };
    this.#lab ??= openLab(answer.config, (reason) => this.#fail(reason));
  }

  async #takeParameters(): Promise<void> {
    const shown = this.#shown;
    if (shown.kind === 'held' && this.#step !== undefined) return;
    // These parameters do not change anymore, and their coordinator may be gone.
    if ((shown.kind === 'kept' || this.isOver) && this.#taken === shown) return;
    const path = shown.kind === 'kept' ? `api/parameters?step=${shown.step}` : 'api/parameters';
    const headers: HeadersInit = this.#etag === undefined ? {} : { 'if-none-match': this.#etag };
    const response = await this.#ui.ask(path, { headers });
    if (shown !== this.#shown) return;
    if (response.status !== 304) await this.#take(response);
    this.#taken = shown;
  }

  async #take(response: Response): Promise<void> {
    if (!response.ok) throw new Error(await messageOf(response));
    const parameters = new Float32Array(await response.arrayBuffer());
    this.#etag = response.headers.get('etag') ?? undefined;
    this.#step = Number(response.headers.get('lockstep-step'));
    this.#parameters = parameters;
    this.#lab?.useParameters(parameters);
    this.#version++;
    this.#changed();
  }

  async #load(name: StudySet): Promise<void> {
    this.#loading.add(name);
    try {
      const count = Math.min(EXAMPLES, this.#opened?.counts[name] ?? 0);
      const response = await this.#ui.ask(`api/examples?set=${name}&from=0&count=${count}`);
      if (!response.ok) throw new Error(await messageOf(response));
      const set = examplesIn(await response.arrayBuffer(), count);
      this.#sets.set(name, set);
      this.#lab?.useExamples(name, set);
      this.#version++;
      this.#changed();
    } catch (error) {
      this.#loading.delete(name);
      this.#fail(reasonOf(error));
    }
  }

  #fail(problem: string | undefined): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#changed();
  }

  #changed(): void {
    this.#ui.change({ studied: this.#ui.choices.studied + 1 });
  }
}

const keyOf = (name: TaskName, argument: Argument<TaskName>): string =>
  `${name} ${JSON.stringify(argument)}`;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

async function messageOf(response: Response): Promise<string> {
  const { error }: { error?: unknown } = await response.json().catch(() => ({}));
  return typeof error === 'string' ? error : `the answer is ${response.status}`;
}

/** Reads the answer to `GET /api/examples`. */
export function examplesIn(answer: ArrayBuffer, count: number): ExampleSet {
  const words = new Uint32Array(answer, 0, 2 * count);
  return {
    count,
    labels: Uint8Array.from({ length: count }, (_, i) => words[2 * i]),
    pixels: new Uint8Array(answer, 8 * count),
  };
}
