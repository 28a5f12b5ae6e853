import type { LayerSample, LayersAnswer } from '../../../../study/study-answer.ts';
import { askJson } from '../../ask-json.ts';
import type { Ui } from '../../ui.ts';

const ASK_MS = 1000;
/** After so long without a question, the coordinator begins anew. */
export const PAUSE_MS = 10_000;
const SAMPLES_MAX = 60;

/** The samples of the layers that the page has got, ascending by their steps. */
export class LayerSamples {
  readonly #studies: { readonly isOver: boolean };
  readonly #ui: Ui;
  #isMeasured: boolean | undefined;
  #all: readonly LayerSample[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(studies: { readonly isOver: boolean }, ui: Ui) {
    this.#studies = studies;
    this.#ui = ui;
  }

  /** Whether the coordinator measures; undefined while it has not answered. */
  get isMeasured(): boolean | undefined {
    return this.#isMeasured;
  }

  get all(): readonly LayerSample[] {
    return this.#all;
  }

  /** Asks for newer samples, at most once a second. Call it while somebody sees them. */
  want(): void {
    if (this.#timer !== undefined || this.#isMeasured === false || this.#isDone) return;
    const wait = this.#askedAt + ASK_MS - performance.now();
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, wait));
  }

  /** Nothing new comes from a run that is over. */
  get #isDone(): boolean {
    return this.#studies.isOver && this.#isMeasured !== undefined;
  }

  async #ask(): Promise<void> {
    const now = performance.now();
    if (now - this.#askedAt > PAUSE_MS) this.#all = [];
    this.#askedAt = now;
    const after = this.#all.at(-1)?.step;
    const query = after === undefined ? '' : `?after=${after}`;
    try {
      const answer = await askJson<LayersAnswer>(this.#ui.ask, `api/layers${query}`);
      this.#isMeasured = answer.isMeasured;
      this.#all = [...this.#all, ...answer.samples].slice(-SAMPLES_MAX);
    } catch {
      // The samples that are here stay, and the page says by itself that nobody answers.
    } finally {
      this.#timer = undefined;
      this.#ui.change({ studied: this.#ui.choices.studied + 1 });
    }
  }
}
