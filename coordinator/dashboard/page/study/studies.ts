import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import type { StudyAnswer, StudySet } from '../../../study/study-answer.ts';
import { askJson } from '../ask-json.ts';
import type { RunSource } from '../connection/connection.ts';
import type { Ui } from '../ui.ts';
import type { Dated, OpenStudy, StudyAccess } from './access.ts';
import { type Lab, openLab } from './lab/lab.ts';
import type { Argument, Result, TaskName } from './lab/lab-tasks.ts';
import { examplesIn, Pictures } from './pictures.ts';

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

export class Studies implements StudyAccess {
  readonly #source: RunSource;
  readonly #ui: Ui;
  #opened: OpenStudy | undefined;
  #askedAt = 0;
  #problem: string | undefined;
  #lab: Lab | undefined;
  #shown: Shown = { kind: 'newest' };
  /** What was shown when parameters were taken last, and whether it can still change. */
  #taken: { readonly shown: Shown; readonly isFinal: boolean } | undefined;
  #etag: string | undefined;
  #step: number | undefined;
  #parameters: Float32Array | undefined;
  /** Rises with each change of the parameters or the examples. */
  #version = 0;
  readonly #sets = new Map<StudySet, ExampleSet>();
  readonly #loading = new Set<StudySet>();
  readonly #pictures: Pictures;
  readonly #entries = new Map<string, Entry>();

  /** Begins at once. `change` of the user interface is called when there is something new. */
  constructor(source: RunSource, ui: Ui) {
    this.#source = source;
    this.#ui = ui;
    this.#pictures = new Pictures(
      (set, indices) => this.fetchExamples(set, `indices=${indices}`),
      (problem) => (problem === undefined ? this.#changed() : this.#fail(problem)),
    );
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

  /** One example of a set, which need not be among the loaded ones. Undefined until it is here. */
  example(name: StudySet, index: number): ExampleSet | undefined {
    const set = this.examples(name);
    if (!set || index >= (this.#opened?.counts[name] ?? 0)) return undefined;
    if (index >= set.count) return this.#pictures.find(name, index);
    const size = set.inputs.length / set.count;
    return {
      count: 1,
      labels: set.labels.subarray(index, index + 1),
      inputs: set.inputs.subarray(index * size, (index + 1) * size),
    };
  }

  async fetchExamples(name: StudySet, chosen: string): Promise<ExampleSet> {
    const opened = this.#opened;
    if (!opened) throw new Error('the run is not known yet');
    const answer = await this.#ask(`api/examples?set=${name}&${chosen}`);
    return examplesIn(answer, opened.plan.inputCount, opened);
  }

  async fetchState(step: number | undefined): Promise<{ step: number; values: Float32Array }> {
    const chosen = step === undefined ? '' : `&step=${step}`;
    const response = await answered(this.#ui.ask(`api/parameters?state=1${chosen}`));
    const values = new Float32Array(await response.arrayBuffer());
    return { step: Number(response.headers.get('lockstep-step')), values };
  }

  async perform<Name extends TaskName>(
    name: Name,
    argument: Argument<Name>,
    parameters?: Float32Array,
  ): Promise<Result<Name>> {
    if (!this.#lab) throw new Error(this.#problem ?? 'the net is not here yet');
    return this.#lab.perform(name, argument, parameters);
  }

  async #ask(path: string): Promise<ArrayBuffer> {
    return (await answered(this.#ui.ask(path))).arrayBuffer();
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

  #compute(entry: Entry): void {
    const { name, argument, needs } = entry;
    const [lab, step] = [this.#lab, this.#step];
    const isHere = needs === undefined || this.examples(needs) !== undefined;
    if (!lab || step === undefined || !isHere) return;
    if (entry.isUnderWay || entry.version === this.#version) return;
    if ('index' in argument && !this.#giveExample(lab, argument.set, argument.index)) return;
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

  /** Sees to it that the engine has an example. Returns whether it is there already. */
  #giveExample(lab: Lab, name: StudySet, index: number): boolean {
    const example = this.example(name, index);
    const isLoaded = index < (this.#sets.get(name)?.count ?? 0);
    if (example && !isLoaded) lab.useExample(name, index, example);
    return example !== undefined;
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
      const isDue = isOld && !this.isOver;
      if (!this.#opened || isDue) await this.#open();
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
    const answer = await askJson<StudyAnswer>(this.#ui.ask, 'api/study').catch((error) => {
      // The coordinator of a run that is over may be gone.
      if (!this.#opened || !this.isOver) throw error;
    });
    if (!answer) return;
    this.#opened = { ...answer, plan: this.#opened?.plan ?? planModel(answer.config.model) };
    this.#lab ??= openLab(answer.config, (reason) => this.#fail(reason));
  }

  async #takeParameters(): Promise<void> {
    const shown = this.#shown;
    if (shown.kind === 'held' && this.#step !== undefined) return;
    // These parameters do not change anymore, and their coordinator may be gone.
    const isFinal = shown.kind === 'kept' || this.isOver;
    if (isFinal && this.#taken?.shown === shown && this.#taken.isFinal) return;
    const path = shown.kind === 'kept' ? `api/parameters?step=${shown.step}` : 'api/parameters';
    const headers: HeadersInit = this.#etag === undefined ? {} : { 'if-none-match': this.#etag };
    const response = await this.#ui.ask(path, { headers }).catch((error: unknown) => {
      // The last parameters that were taken stay.
      if (shown.kind !== 'newest' || !isFinal || this.#step === undefined) throw error;
    });
    if (shown !== this.#shown) return;
    if (response && response.status !== 304) await this.#take(response);
    this.#taken = { shown, isFinal };
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
      const set = await this.fetchExamples(name, `from=0&count=${count}`);
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

async function answered(asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (!response.ok) throw new Error(await messageOf(response));
  return response;
}

async function messageOf(response: Response): Promise<string> {
  const { error }: { error?: unknown } = await response.json().catch(() => ({}));
  return typeof error === 'string' ? error : `the answer is ${response.status}`;
}
