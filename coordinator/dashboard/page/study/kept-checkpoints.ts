import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import type { ModelPlan } from '../../../../shared/engine/model/model-plan.ts';
import type { StudyAnswer } from '../../../study/study-answer.ts';
import type { Ui } from '../ui.ts';

/** What must be known of the run. */
export interface Known {
  readonly opened: (StudyAnswer & { readonly plan: ModelPlan }) | undefined;
}

/** The checkpoints of the run, and the parameters that it began with. */
export class KeptCheckpoints {
  readonly #studies: Known;
  readonly #ui: Ui;
  readonly #loaded = new Map<number, Float32Array>();
  readonly #loading = new Map<number, Promise<Float32Array>>();

  constructor(studies: Known, ui: Ui) {
    this.#studies = studies;
    this.#ui = ui;
  }

  /** Ascending. */
  get steps(): readonly number[] {
    return this.#studies.opened?.keptSteps ?? [];
  }

  /** Undefined until they are here. They are asked for once. */
  parameters(step: number): Float32Array | undefined {
    const found = this.#loaded.get(step);
    // A checkpoint that is gone has no parameters.
    if (!found && !this.#loading.has(step)) void this.load(step).catch(() => {});
    return found;
  }

  /** Rejects if the checkpoint is gone. */
  load(step: number): Promise<Float32Array> {
    const under = this.#loading.get(step) ?? this.#fetch(step);
    this.#loading.set(step, under);
    return under;
  }

  /** What the run began with. Undefined while it is not here, or if nobody has it anymore. */
  get initial(): Float32Array | undefined {
    const { opened } = this.#studies;
    if (!opened) return undefined;
    const { config, plan } = opened;
    if (config.initialParametersSha256 !== undefined)
      return this.steps.includes(0) ? this.parameters(0) : undefined;
    const drawn =
      this.#loaded.get(0) ?? initialParameters(plan, config.initialisation, config.seed);
    this.#loaded.set(0, drawn);
    return drawn;
  }

  async #fetch(step: number): Promise<Float32Array> {
    const response = await this.#ui.ask(`api/parameters?step=${step}`);
    if (!response.ok) throw new Error(`the checkpoint of step ${step} is gone`);
    const parameters = new Float32Array(await response.arrayBuffer());
    this.#loaded.set(step, parameters);
    this.#changed();
    return parameters;
  }

  #changed(): void {
    this.#ui.change({ studied: this.#ui.choices.studied + 1 });
  }
}
