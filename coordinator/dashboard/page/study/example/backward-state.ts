import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import { type ColumnStudy, studyColumns } from '../../../../../shared/study/columns.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import type { UnitStudy } from '../../../../../shared/study/unit-study.ts';
import type { ChosenStudy } from '../access.ts';
import { bySize, differencesOf, toDecrease } from '../output/output-text.ts';
import type { UnitKey } from './net-layout.ts';
import { stageCount } from './net-text.ts';
import type { TermOrder } from './sums.ts';

/** How long a stage is shown while the net is played, in ms. */
const PLAY_MS = 1400;

/** What a reader sees of the backward pass of the chosen example. */
export interface BackwardState {
  readonly example: ExampleStudy;
  readonly columns: readonly ColumnStudy[];
  readonly stage: number;
  readonly isPlaying: boolean;
  readonly chosen: UnitKey;
  /** The study of the chosen unit; undefined while it is computed. */
  readonly unit: UnitStudy | undefined;
  readonly parameter: number | undefined;
  readonly order: TermOrder;
  /** The input channel of a convolution's patch; undefined: the one with the largest sum. */
  readonly channel: number | undefined;
}

/** The columns of each example, which do not change. */
const columnsOfStudy = new WeakMap<ExampleStudy, readonly ColumnStudy[]>();

function columnsFor(example: ExampleStudy, input: Shape): readonly ColumnStudy[] {
  const columns = columnsOfStudy.get(example) ?? studyColumns(example, input);
  columnsOfStudy.set(example, columns);
  return columns;
}

/** Keeps how far the reader has gone, and which unit and weight the reader looks at. */
export class Backward {
  readonly #study: ChosenStudy;
  #stage = Number.POSITIVE_INFINITY;
  #picked: UnitKey | undefined;
  #order: TermOrder = 'product';
  #parameter: number | undefined;
  #channel: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(study: ChosenStudy) {
    this.#study = study;
  }

  get argument() {
    const { set, index } = this.#study.chosen;
    return { set, index };
  }

  /** Undefined while the example is computed. */
  look(): BackwardState | undefined {
    const example = this.#study.studies.result('example', this.argument)?.value;
    const input = this.#study.studies.opened?.config.model.input;
    if (!example || !input) return undefined;
    const columns = columnsFor(example, input);
    const chosen = this.#picked ?? mostWrong(example, columns.length - 1);
    return {
      example,
      columns,
      stage: Math.min(this.#stage, stageCount(columns.length) - 1),
      isPlaying: this.#timer !== undefined,
      chosen,
      unit: this.#study.studies.result('unit', this.#unitArgument(chosen))?.value,
      parameter: this.#parameter,
      order: this.#order,
      channel: this.#channel,
    };
  }

  want(): void {
    const { studies, chosen } = this.#study;
    studies.want('example', this.argument, chosen.set);
    const state = this.look();
    if (state) studies.want('unit', this.#unitArgument(state.chosen), chosen.set);
  }

  /** Shows one stage more, or one less. */
  stepBy(by: number): void {
    const state = this.look();
    if (state) this.goTo(state.stage + by);
  }

  goTo(stage: number): void {
    this.#stop();
    this.#stage = Math.max(0, stage);
    this.#redraw();
  }

  /** Plays from here to the end, or from the start if it is at the end; or stops. */
  play(): void {
    const isPlaying = this.#timer !== undefined;
    this.#stop();
    if (!isPlaying) {
      if (this.#isAtEnd) this.#stage = 0;
      this.#playOn();
    }
    this.#redraw();
  }

  pick(unit: UnitKey): void {
    this.#picked = unit;
    this.#parameter = undefined;
    this.#channel = undefined;
    this.#redraw();
  }

  /** Opens the derivative by a weight, or closes it. */
  pickWeight(parameter: number): void {
    this.#parameter = parameter === this.#parameter ? undefined : parameter;
    this.#redraw();
  }

  orderBy(order: TermOrder): void {
    this.#order = order;
    this.#redraw();
  }

  pickChannel(channel: number): void {
    this.#channel = channel;
    this.#redraw();
  }

  get #isAtEnd(): boolean {
    const state = this.look();
    return !state || this.#stage >= stageCount(state.columns.length) - 1;
  }

  #unitArgument({ column, unit }: UnitKey) {
    const place = { ...this.argument, column, unit };
    return this.#parameter === undefined ? place : { ...place, parameter: this.#parameter };
  }

  #playOn(): void {
    this.#timer = setTimeout(() => {
      this.#stage++;
      this.#timer = undefined;
      if (!this.#isAtEnd) this.#playOn();
      this.#redraw();
    }, PLAY_MS);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #redraw(): void {
    this.#study.choose({});
  }
}

/** The output that is to decrease most; if none is, the one furthest below its target. */
function mostWrong(example: ExampleStudy, column: number): UnitKey {
  const differences = differencesOf(example);
  const [most] = [...toDecrease(differences), ...bySize(differences)];
  return { column, unit: most.label };
}
